import { purposes } from '../firewall/policies.ts'
import { countEntries } from '../ledger/counts.ts'
import type { PublishedLedger } from '../ledger/proofs.ts'
import { cell } from './cells.ts'

interface Deps extends PublishedLedger {
  /** How many orders there are of which the neighbour was not told in time. */
  lateNotices(municipalityId: string): Promise<number>
}

/** One line of what is published: `null` stands for a number too small to say. */
export interface TransparencyRow {
  requesterKind: string
  purpose: string
  permitted: number | null
  refused: number | null
}

export interface Transparency {
  /** Size of the checkpoint the entries were counted at, and the checkpoint itself. */
  size: number
  checkpoint: string
  rows: TransparencyRow[]
  /** Orders whose neighbours were not told in time. */
  lateNotices: number | null
}

/**
 * Openings, refusals and demands, by who asked and why. No totals: they would tell the small numbers. A purpose of the
 * caller's own invention counts as `other`.
 */
export async function transparency(deps: Deps, municipalityId: string): Promise<Transparency> {
  const counted = await countEntries(deps, municipalityId)
  const late = cell(await deps.lateNotices(municipalityId))
  if (counted === undefined) return { size: 0, checkpoint: '', rows: [], lateNotices: late }
  const sums = new Map<string, { requesterKind: string; purpose: string; permitted: number; refused: number }>()
  for (const { requesterKind, purpose: named, permitted, refused } of counted.counts) {
    const purpose = purposes.has(named) || named === 'registry' ? named : 'other'
    const key = `${requesterKind} ${purpose}`
    const sum = sums.get(key) ?? { requesterKind, purpose, permitted: 0, refused: 0 }
    sums.set(key, { ...sum, permitted: sum.permitted + permitted, refused: sum.refused + refused })
  }
  const rows = [...sums.values()]
    .sort((a, b) => a.requesterKind.localeCompare(b.requesterKind) || a.purpose.localeCompare(b.purpose))
    .map(({ permitted, refused, ...row }) => ({ ...row, permitted: cell(permitted), refused: cell(refused) }))
  return { size: counted.size, checkpoint: counted.checkpoint, rows, lateNotices: late }
}

/** Counts again only once a minute: many readers, one look. */
export function rememberedTransparency(deps: Deps): (municipalityId: string) => Promise<Transparency> {
  const known = new Map<string, { counting: Promise<Transparency>; until: number }>()
  return (municipalityId) => {
    const entry = known.get(municipalityId)
    if (entry && entry.until > Date.now()) return entry.counting
    const counting = transparency(deps, municipalityId)
    known.set(municipalityId, { counting, until: Date.now() + 60_000 })
    counting.catch(() => known.delete(municipalityId))
    return counting
  }
}
