import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../../firewall/disclosed.ts'
import type { Opened, UnitOfWork } from '../../firewall/model.ts'
import { purposeOf, type Resident, type Staff } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import type { Transaction } from '../../platform/database.ts'
import { InvalidInput, NotFound, Problem } from '../../platform/problem.ts'
import { householdMembers } from '../../registry/household/households.ts'
import { idempotencyOf } from '../../registry/idempotency.ts'
import type { Address, Name, NeighbourFields } from '../../registry/model.ts'
import { holdStill } from '../../registry/person/held-proofs.ts'
import { type ResidencePeriod, residencePeriods } from '../../registry/person/read-history.ts'
import { mustBeHandedOn } from '../../registry/person/representation/institutions.ts'
import { actOnce } from '../../registry/replays.ts'
import { NotResident } from '../../registry/residence/not-resident.ts'
import { hidesWhereabouts, loadRecords } from '../../registry/store.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import { addressText } from '../address-text.ts'
import { agreedProfile } from '../agreed-profile.ts'
import { birthClaim, claimsOf, fieldsFor, type ProvableField, shownAddress } from '../claims.ts'
import { qrText, signCompact } from '../compact.ts'
import { keepUnderCode, newCheckCode } from '../find-by-code.ts'
import { NotForThisHolder, type ProofDeps, takeStatusEntry } from '../issue.ts'
import { ProfileId } from '../profiles.ts'
import { PAPER_LANGUAGES, paperTexts } from './paper-words.ts'
export const PAPER_KINDS = ['individual', 'household', 'historical', 'certificate'] as const
export type PaperKind = (typeof PAPER_KINDS)[number]

export const PaperOrder = z
  .strictObject({
    kind: z.enum(PAPER_KINDS),
    /** The neighbour's language, beside the city's own. */
    language: z.enum(PAPER_LANGUAGES),
    /** Default: `residence`; for `historical`, `residence-history`. */
    profile: ProfileId.optional(),
    handedTo: z.enum(['neighbour', 'representative']).default('neighbour'),
  })
  .openapi('PaperOrder')
export type PaperOrder = z.infer<typeof PaperOrder>

/** What a paper says. Beside a name stands the one in Latin letters that the record holds, where that is another. */
export interface Paper {
  kind: PaperKind
  languages: readonly string[]
  /** The language names and places are most likely in; it sets their direction. */
  nameLanguage: string
  /** Each claim by its name. */
  fields: { name: string; value: string | boolean; latin?: string | undefined }[]
  /** Dates of birth as proofs say them. */
  members: { name: string; latin?: string | undefined; dateOfBirth: string | undefined }[] | undefined
  periods: { from: string; to: string | null; address: string }[] | undefined
  /** RFC 3339. */
  issuedAt: string
  issuedOn: string
  expiresOn: string
  /** What the QR code holds. */
  qr: string
  code: string
}

/** Prints and seals. */
export interface Renderer {
  /** @returns what prints papers of a city, without asking the database */
  papers(town: Municipality): Promise<(paper: Paper) => Promise<Uint8Array>>
  letter(town: Municipality, letter: Letter): Promise<Uint8Array>
  /** Plain words, section by section. Sealed like the others. */
  plain(town: Municipality, document: PlainDocument): Promise<Uint8Array>
}

/** @throws where papers cannot be printed: fonts are files, and this runtime has none. */
export class NoRenderer extends Problem {
  constructor() {
    super('no-renderer', 501, 'Papers are not printed here. Ask the address of this city that runs on Node.')
  }
}

/** A paper's words, its QR code and its check code, as they can be shown on a screen. */
export interface WrittenPaper {
  id: string
  paper: Paper
  expiresAt: string
}

export interface PrintedPaper extends WrittenPaper {
  pdf: Uint8Array
}

/** Most of the household that one paper names. */
const MOST_MEMBERS = 40
const SHOWN_FIELDS = [
  'given_name',
  'family_name',
  'birthdate',
  'address',
  'district',
  'resident_since',
  'household_size',
  'continuous_residence_since',
  'residence_gaps',
] as const

/** Of whom a paper is, which, and for whom; with one idempotency key one paper. */
interface AskedPaper {
  neighbourId: string
  order: PaperOrder
  idempotencyKey: string
}

/**
 * Prints what {@link writePaper} writes, sealed by the city, and only then is it issued: a paper that could not be
 * printed was never written. With the same idempotency key the same paper is printed again.
 *
 * @throws {NoRenderer} and whatever {@link writePaper} throws
 */
export async function printPaper(
  deps: ProofDeps & { renderer?: Renderer | undefined },
  acting: Acting<Staff | Resident>,
  asked: AskedPaper,
): Promise<Disclosed<PrintedPaper>> {
  const { renderer } = deps
  if (renderer === undefined) throw new NoRenderer()
  const print = await renderer.papers(acting.town)
  const finish = async (written: WrittenPaper) => ({ ...written, pdf: await print(written.paper) })
  return makePaper(deps, acting, { ...asked, finish })
}

/**
 * A proof of residence for a paper or a screen, with a QR code and a check code by which anyone can check it.
 *
 * A protected neighbour is on no household's paper, and on their own the reference address stands for where they are.
 *
 * @throws {NotForThisHolder} {NotResident} {NotFound} {Refusal} {IdempotencyMismatch}
 */
export function writePaper(
  deps: ProofDeps,
  acting: Acting<Staff | Resident>,
  asked: AskedPaper,
): Promise<Disclosed<WrittenPaper>> {
  return makePaper(deps, acting, { ...asked, finish: async (written) => written })
}

/** @param finish what else has to go well before the paper is issued */
async function makePaper<Made extends WrittenPaper>(
  deps: ProofDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  { neighbourId, order, idempotencyKey, finish }: AskedPaper & { finish: (written: WrittenPaper) => Promise<Made> },
): Promise<Disclosed<Made>> {
  const id = order.profile ?? (order.kind === 'historical' ? 'residence-history' : 'residence')
  const profile = await agreedProfile(deps, town, id)
  if (order.kind === 'historical' && !profile.claims.includes('continuous_residence_since'))
    throw new InvalidInput([{ pointer: '/profile', detail: 'A history is printed for a service that may learn it.' }])
  if (profile.askedBy !== 'either' && profile.askedBy !== order.handedTo) throw new NotForThisHolder(profile.askedBy)
  const day = today(deps.clock, town.timeZone)
  const { hash } = await deps.gate.keysOf(town.id)
  const named: ProvableField[] = order.kind === 'household' ? ['name', 'dateOfBirth'] : []
  const fields = [
    ...new Set([...fieldsFor(profile.claims), ...named, ...(order.kind === 'historical' ? ['address' as const] : [])]),
  ]
  const key = await idempotencyOf(deps.gate, town.id, {
    requester: requester.id,
    operation: `paper ${neighbourId}`,
    key: idempotencyKey,
    body: order,
  })
  const load = { members: [] as string[], hidden: new Set<string>() }
  const records = async (transaction: Transaction, ids: readonly string[], trueAt = day) => {
    const loaded = await loadRecords(transaction, ids, { trueAt })
    for (const record of loaded) if (hidesWhereabouts(record)) load.hidden.add(record.subject)
    return loaded
  }
  return deps.gate.open<NeighbourFields, ProvableField, Made>(
    { municipalityId: town.id, requester, action: 'prove', purpose: purposeOf(requester), fields },
    async (transaction) => {
      await holdStill(transaction, neighbourId)
      return records(transaction, [neighbourId])
    },
    async ([record], unit, openMore) => {
      if (record === undefined) throw new NotFound()
      const newborn = paperTexts[order.language].newbornOf
      const write = async (): Promise<WrittenPaper> => {
        if (order.handedTo === 'representative') await mustBeHandedOn(unit, { town, by: requester }, neighbourId)
        if (record.residence === undefined) throw new NotResident()
        const periods = await residencePeriods(unit.transaction, neighbourId)
        const hidden = load.hidden.has(neighbourId)
        const claims = claimsOf(town, profile.claims, { record, protected: hidden, periods, day })
        const languages = [...new Set([...town.languages.slice(0, 2), order.language])]
        const members = order.kind === 'household' ? await household(unit) : undefined
        const past = order.kind === 'historical' ? await addresses(periods, hidden) : undefined
        const signer = await deps.signing.current(unit.transaction, town.id)
        const entry = await takeStatusEntry(deps, town, {
          unit,
          proof: { neighbourId, profileId: profile.id, signer, form: 'paper' },
        })
        const { iat, exp, statusListId, statusIndex, expiresAt } = entry
        const compact = await signCompact(
          signer,
          { iss: town.issuer, aud: profile.id, iat, exp, statusListId, statusIndex },
          claims,
        )
        const code = newCheckCode()
        await keepUnderCode(unit.transaction, {
          hash,
          town,
          kept: { code, content: { compact, statusListId, statusIndex }, expiresAt },
        })
        const qr = qrText(town.issuer, compact)
        const paper: Paper = {
          kind: order.kind,
          languages,
          nameLanguage: town.languages[0] ?? order.language,
          fields: [...newbornLine(record.name, newborn), ...shown(claims, record.name?.transliteration)],
          members,
          periods: past,
          issuedAt: deps.clock.now().toString(),
          issuedOn: day.toString(),
          expiresOn: expiresAt.toZonedDateTimeISO(town.timeZone).toPlainDate().toString(),
          qr,
          code,
        }
        return { id: entry.id, paper, expiresAt: expiresAt.toString() }
      }
      return finish(await actOnce(unit, { town, neighbourId, key }, write))

      /** Everyone of the household but the protected, who are on no paper of others. */
      async function household(unit: UnitOfWork) {
        const ids = await householdMembers(unit.transaction, neighbourId, day)
        const others = await openMore(async (transaction) =>
          (await records(transaction, ids.filter((id) => id !== neighbourId).slice(0, MOST_MEMBERS))).filter(
            (one) => !hidesWhereabouts(one),
          ),
        )
        return [...(record ? [record] : []), ...others].flatMap((one) => memberLine(one, newborn))
      }

      async function addresses(all: readonly ResidencePeriod[], hide: boolean) {
        const lines: NonNullable<Paper['periods']> = []
        for (const { validFrom, validTo } of all) {
          const [then] = await openMore((transaction) =>
            records(transaction, [neighbourId], Temporal.PlainDate.from(validFrom)),
          )
          const address = shownAddress(town, then?.address, hide)
          lines.push({ from: validFrom, to: validTo, address: address ? addressText(address) : '' })
        }
        return lines
      }
    },
  )
}

function memberLine(record: Opened<NeighbourFields, ProvableField>, newborn: string) {
  if (record.name === undefined) return []
  const { transliteration } = record.name
  const latin = transliteration && nameText(transliteration, newborn)
  return [{ name: nameText(record.name, newborn), latin, dateOfBirth: birthClaim(record.dateOfBirth) }]
}

/** A name in the order it is said. @param newborn what a child without a name yet is called, with `{name}` for a parent's */
export const nameText = (name: Name, newborn: string) =>
  name.newbornOf === undefined
    ? [name.given, ...(name.family ?? [])].filter(Boolean).join(' ')
    : newborn.replace('{name}', name.newbornOf)

/** A child without a name is called by their parent's, which is no claim of theirs. */
const newbornLine = (name: Name | undefined, newborn: string): Paper['fields'] =>
  name?.newbornOf === undefined ? [] : [{ name: 'given_name', value: nameText(name, newborn) }]

/** What stands on the paper: the same claims that the QR code holds, as words. */
function shown(claims: Record<string, unknown>, latin: Name['transliteration']): Paper['fields'] {
  const inLatin = { given_name: latin?.given, family_name: latin?.family?.join(' ') }
  const named = SHOWN_FIELDS.flatMap((name) => {
    const claim = claims[name]
    if (claim === undefined) return []
    const value =
      name === 'address'
        ? addressText(claim as Address)
        : name === 'residence_gaps'
          ? (claim as string[]).map((gap) => gap.replace('/', ' – ')).join(', ') || '–'
          : String(claim)
    return [{ name, value, ...(name in inLatin ? { latin: inLatin[name as keyof typeof inLatin] } : {}) }]
  })
  const answered = Object.entries(claims).flatMap(([name, yes]): Paper['fields'] => {
    const answersYesOrNo = /^(resident_at_least|age_over)_\d+/.test(name)
    return answersYesOrNo ? [{ name, value: yes === true }] : []
  })
  return [...named, ...answered]
}

/** A letter about nobody: the refusal of a demand. */
export interface Letter {
  languages: readonly {
    language: string
    title: string
    paragraphs: readonly string[]
    rules: readonly string[]
    digest: string
  }[]
  writtenAt: Temporal.Instant
}

/** Words under headings: a file of somebody's record, letters to fold. */
export interface PlainDocument {
  title: string
  language: string
  writtenAt: Temporal.Instant
  sections: readonly {
    heading: string
    language?: string
    /** Begins on a page of its own. */
    apart?: boolean
    fields?: readonly (readonly [label: string, value: string])[]
    lines?: readonly string[]
  }[]
}
