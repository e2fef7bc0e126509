import type { Disclosed } from '../../firewall/disclosed.ts'
import { mustBePlain } from '../../firewall/free-text.ts'
import { isSupervisor, type Resident, type Staff } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import { inMunicipality } from '../../platform/database.ts'
import { InvalidInput, Problem } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { Protection } from '../model.ts'
import { onRecord } from '../on-record.ts'
import { holdOthersAlike } from '../register/hidden-likeness.ts'
import { markLikenessesHiding } from '../register/store.ts'
import { endOfVisit, keepVisit } from '../visits.ts'
import { isMinor, raiseWelfareCheck } from './check-welfare.ts'
import { withdrawProofs } from './held-proofs.ts'
import { markJoinsHiding } from './join/store.ts'
import { nextVersion, recordMovement, unchangedSince } from './neighbours.ts'
import { dropVisits, hidingSeenBy, lockHiding, setHides } from './store.ts'

/** @throws when a record is to be shown of which it is not decided whether it is that of somebody who hides. */
export class LikenessOpen extends Problem {
  constructor() {
    super('likeness-open', 409, 'First decide whether this is the same person as somebody who hides.')
  }
}

/**
 * Hides a record from nearly everyone, or shows it again: at once, and as an act of its own. A neighbour hides
 * themself; showing again takes a supervisor, with the neighbour before them.
 *
 * Proofs that say where they live are taken back. The clerk who hid somebody at a counter sees the record until the day
 * is over, to hand over what the visit is for.
 *
 * @throws {InvalidInput} when staff give no reason
 * @throws {SaysTooMuch} when the reason may be about papers, and nobody said that it is not
 * @throws {LikenessOpen} {VersionConflict} {NotFound} {Refusal}
 */
export async function protectNeighbour(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  { id, protection, version }: { id: string; protection: Protection; version: number },
): Promise<Disclosed<{ id: string; version: number }>> {
  const { protected: hide, reason } = protection
  if (!hide && !isSupervisor(requester)) return deps.gate.turnAway(town.id, requester)
  if (requester.kind === 'staff' && reason === undefined)
    throw new InvalidInput([{ pointer: '/reason', detail: 'Say in a few words why.' }])
  await mustBePlain(deps.gate, { municipalityId: town.id, by: requester }, { schema: Protection, form: protection })
  const day = today(deps.clock, town.timeZone)
  const byThemself = hide && requester.kind === 'resident'
  const fields = byThemself ? (['dateOfBirth'] as const) : []
  const answer = await onRecord(
    deps,
    { town, by: requester },
    {
      id: id,
      action: 'hide',
      fields: fields,
      use: async (record, unit) => {
        const { hides, undecided, held, ...row } = await lockHiding(unit.transaction, id)
        // Whoever is held asks for themself as anybody does: it is written down, and outlasts what a supervisor finds.
        const asksToo = hide && held
        // It also outlasts a join, if the two are found to be two: which of them asked, a supervisor finds.
        if (hide) await markJoinsHiding(unit.transaction, id)
        // Nobody is refused to hide because something else of them was changed meanwhile, nor because they asked twice.
        const known = hide ? row.version : version
        if (hides === hide && !asksToo) {
          await unchangedSince(unit, id, known)
          return { id, version: known }
        }
        if (!hide && undecided) throw new LikenessOpen()
        const next = await nextVersion(unit, id, known)
        if (asksToo) await markLikenessesHiding(unit.transaction, id)
        await setHides(unit.transaction, { hides: hide, id })
        // A child who hides by themself may be in danger at home.
        if (byThemself && isMinor(record.dateOfBirth, day, town))
          await raiseWelfareCheck(unit.transaction, { town, neighbourId: id, reason: 'hides-alone' })
        if (hide) await withdrawProofs(unit, id, ['address', 'household'])
        if (hide && requester.kind === 'staff')
          await keepVisit(unit, { town, staffId: requester.id, neighbourId: id, until: endOfVisit(deps, town) })
        if (!hide) await dropVisits(unit.transaction, id)
        const outline = { kind: 'change', cause: 'personal-data', effectiveOn: day.toString() } as const
        await recordMovement(
          unit,
          { town, by: requester },
          {
            neighbourId: id,
            outline,
            details: {
              protection: hide ? 'hidden' : 'shown',
              ...(reason ? { reason } : {}),
            },
          },
        )
        return { id, version: next }
      },
    },
  )
  if (hide) await holdOthersAlike(deps, town, id)
  return answer
}

/**
 * What staff who may see a hidden record are told of it on each page: that it hides, or that it may be one person with
 * somebody who does. Nothing to anybody else, and nothing to the clerk who wrote down somebody who only resembles one.
 */
export async function hidingAsSeenBy(
  deps: Pick<RegistryDeps, 'database' | 'clock'>,
  { town, by: staff }: Acting<Staff>,
  id: string,
): Promise<'protected' | 'held' | undefined> {
  const now = deps.clock.now().toString()
  const row = await inMunicipality(deps.database, town.id, (transaction) =>
    hidingSeenBy(transaction, { staffId: staff.id, now, id }),
  )
  if (row === undefined) return undefined
  if (staff.role === 'supervisor') return row.held ? 'held' : 'protected'
  return row.visited && !row.held ? 'protected' : undefined
}
