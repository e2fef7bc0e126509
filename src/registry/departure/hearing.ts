import type { Disclosed } from '../../firewall/disclosed.ts'
import type { SealedPart, SealedRecord, UnitOfWork } from '../../firewall/model.ts'
import { purposeOf, type Resident, type Staff } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import { inMunicipality, type Transaction } from '../../platform/database.ts'
import { NotFound } from '../../platform/problem.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { Name, NeighbourFields } from '../model.ts'
import type { Informant, NoticeWay } from '../person/channels.ts'
import { versionOf } from '../person/store.ts'
import { loadRecords } from '../store.ts'
import {
  type AnsweredBy,
  type CouncilOutcome,
  type Proceeding,
  type ProceedingAnswer,
  type ProceedingCause,
  proceedingAt,
} from './hearing-model.ts'
import { answersOfProceedings, keepNoticeGiven, proceedingOpen, proceedingsWithNotice, type Row } from './store.ts'

/** What is sealed of an answer. */
export interface SealedAnswer {
  text: string
  by: AnsweredBy
  atDesk: boolean
}

/** These records with the proceeding that is open about each, if one is: its reason and the answers to it are sealed. */
export async function withProceedings(
  transaction: Transaction,
  records: readonly SealedRecord<NeighbourFields>[],
): Promise<SealedRecord<NeighbourFields>[]> {
  if (records.length === 0) return []
  const ids = `{${records.map(({ subject }) => subject).join(',')}}`
  const { rows } = await proceedingsWithNotice(transaction, ids)
  const answers = await answersOfProceedings(
    transaction,
    rows.length === 0 ? ['00000000-0000-0000-0000-000000000000'] : rows.map(({ id }) => id),
  )
  return records.map((record) => {
    const row = rows.find((one) => one.neighbour_id === record.subject)
    if (row === undefined) return record
    const said = answers.filter((one) => one.proceeding_id === row.id)
    return {
      ...record,
      facts: { ...record.facts, proceeding: outlineOf(row, said) },
      parts: [...record.parts, ...sealedPartsOf(row, said)],
    }
  })
}

type AnswerRow = { id: string; words: Uint8Array; received_at: Date; read_at: Date | null }

const lastDay = (effectiveFrom: string) => Temporal.PlainDate.from(effectiveFrom).subtract({ days: 1 }).toString()

function outlineOf(row: Row, said: readonly AnswerRow[]): Proceeding {
  return {
    id: row.id,
    // What is sealed is put in its place once it is opened.
    cause: 'wrongly-registered',
    reason: '',
    informant: 'other',
    openedAt: row.opened_at.toISOString(),
    openedBy: row.opened_by,
    ...(row.told_by && row.told_at ? { announced: { by: row.told_by, at: row.told_at.toISOString() } } : {}),
    ...(row.effective_from === null
      ? {}
      : { effectiveFrom: row.effective_from, answerBy: lastDay(row.effective_from) }),
    ...(row.council_on ? { council: { on: row.council_on, outcome: 'unfavourable' as const } } : {}),
    answers: said.map(
      (one): ProceedingAnswer => ({
        id: one.id,
        text: '',
        by: 'neighbour',
        atDesk: false,
        receivedAt: one.received_at.toISOString(),
        ...(one.read_at === null ? {} : { readAt: one.read_at.toISOString() }),
      }),
    ),
  }
}

function sealedPartsOf(row: Row, said: readonly AnswerRow[]): SealedPart<NeighbourFields>[] {
  const part = (
    location: SealedPart<NeighbourFields>['location'],
    sealed: Uint8Array,
    put: (proceeding: Proceeding, value: unknown) => void,
  ): SealedPart<NeighbourFields> => ({
    location,
    sealed,
    keyId: row.neighbour_id,
    holds: ['proceeding'],
    assemble: (record, value) => {
      if (record.proceeding) put(record.proceeding, value)
    },
  })
  const { notice, notice_given_on: on, council_outcome: opinion } = row
  return [
    part(proceedingAt(row.id, 'cause'), row.cause, (proceeding, value) => {
      proceeding.cause = value as ProceedingCause
    }),
    ...(opinion
      ? [
          part(proceedingAt(row.id, 'council_outcome'), opinion, (proceeding, value) => {
            if (proceeding.council) proceeding.council.outcome = value as CouncilOutcome
          }),
        ]
      : []),
    part(proceedingAt(row.id, 'reason'), row.reason, (proceeding, value) => {
      Object.assign(proceeding, value as { reason: string; informant: Informant })
    }),
    ...(notice && on
      ? [
          part(proceedingAt(row.id, 'notice'), notice, (proceeding, value) => {
            proceeding.notice = { on, by: (value as { by: NoticeWay }).by }
          }),
        ]
      : []),
    ...said.map((one, i) =>
      part({ table: 'proceeding_answers', column: 'words', row: one.id }, one.words, (proceeding, value) => {
        Object.assign(proceeding.answers[i] ?? {}, value as SealedAnswer)
      }),
    ),
  ]
}

/**
 * Writes down that a neighbour was given notice on a day, once: what was said of the last day to answer stays true.
 *
 * @returns undefined when they had been given one before
 */
export async function giveNotice(
  town: Municipality,
  {
    unit,
    at,
    by,
    on,
  }: { unit: UnitOfWork; at: { neighbourId: string; proceedingId: string }; by: NoticeWay; on: Temporal.PlainDate },
): Promise<Required<Pick<Proceeding, 'notice' | 'answerBy' | 'effectiveFrom'>> | undefined> {
  const answerBy = on.add({ days: town.departureNoticeDays })
  const effectiveFrom = answerBy.add({ days: 1 }).toString()
  const location = { table: 'proceedings', column: 'notice', row: at.proceedingId }
  const given = await keepNoticeGiven(unit.transaction, {
    noticeGivenOn: on.toString(),
    effectiveFrom,
    notice: Buffer.from(unit.seal(at.neighbourId, location, { by })),
    id: at.proceedingId,
  })
  if (given.numUpdatedRows !== 1n) return undefined
  return { notice: { on: on.toString(), by }, answerBy: answerBy.toString(), effectiveFrom }
}

/** A departure under way as whoever decides it sees it, beside who it is about. */
export interface ProceedingToDecide extends Omit<Proceeding, 'openedBy'> {
  neighbourId: string
  name: Name | undefined
  dateOfBirth: string | undefined
  /** By whoever looks: another person has to approve it. */
  openedByYou: boolean
}

/** What stands about somebody who may leave: who they are, and the proceeding that is open about them. */
export interface Leaving {
  id: string
  version: number
  name: Name | undefined
  dateOfBirth: string | undefined
  /** ISO date: the first day of the last residence. */
  began: string | undefined
  /** ISO date, of somebody who has left: there is no more to say than a death. */
  departedOn: string | undefined
  proceeding: ProceedingToDecide | undefined
}

/** Opens what a departure needs of somebody. @throws {NotFound} {Refusal} */
export async function openLeaving(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  id: string,
): Promise<Disclosed<Leaving>> {
  const fields = ['name', 'dateOfBirth', 'residence', 'departedOn', 'proceeding'] as const
  return deps.gate.open<NeighbourFields, (typeof fields)[number], Leaving>(
    { municipalityId: town.id, requester: staff, action: 'open', purpose: 'departure', fields },
    async (transaction) =>
      withProceedings(transaction, await loadRecords(transaction, [id], { trueAt: today(deps.clock, town.timeZone) })),
    async ([record], { transaction }) => {
      if (record === undefined) throw new NotFound()
      const { name, dateOfBirth, residence, departedOn, proceeding } = record
      const { version } = await versionOf(transaction, id)
      const who = { name, dateOfBirth }
      const began = residence?.validFrom
      if (proceeding === undefined) return { id, version, ...who, began, departedOn, proceeding }
      const { openedBy, ...rest } = proceeding
      return {
        id,
        version,
        ...who,
        began,
        departedOn,
        proceeding: { ...rest, ...who, neighbourId: id, openedByYou: openedBy === staff.id },
      }
    },
  )
}

/** What a neighbour sees of a proceeding about them. Who spoke against them is for a counter to say, with the file. */
export type OwnProceeding = Omit<Proceeding, 'openedBy' | 'informant' | 'announced'>

/** Whether a proceeding is open about somebody. Nothing is opened. */
export async function isBeingDecided(
  deps: Pick<RegistryDeps, 'database'>,
  town: Pick<Municipality, 'id'>,
  neighbourId: string,
): Promise<boolean> {
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const row = await proceedingOpen(transaction, neighbourId)
    return row !== undefined
  })
}

/**
 * The proceeding that is open about a neighbour, to themself or to who acts for them. That they see it is the notice
 * from which their time to answer counts, where they had none before.
 *
 * @returns undefined when there is none
 * @throws {NotFound} {Refusal}
 */
export async function ownProceeding(
  deps: RegistryDeps,
  { town, by: resident }: Acting<Resident>,
): Promise<Disclosed<OwnProceeding> | undefined> {
  if (!(await isBeingDecided(deps, town, resident.neighbourId))) return undefined
  return deps.gate.open<NeighbourFields, 'proceeding', OwnProceeding>(
    {
      municipalityId: town.id,
      requester: resident,
      action: 'open',
      purpose: purposeOf(resident),
      fields: ['proceeding'],
    },
    async (transaction) =>
      withProceedings(
        transaction,
        await loadRecords(transaction, [resident.neighbourId], { trueAt: today(deps.clock, town.timeZone) }),
      ),
    async ([record], unit) => {
      if (record?.proceeding === undefined) throw new NotFound()
      const { openedBy: _, informant: __, announced: ___, ...own } = record.proceeding
      if (own.effectiveFrom !== undefined) return own
      const at = { neighbourId: record.id, proceedingId: own.id }
      return { ...own, ...(await giveNotice(town, { unit, at, by: 'own-page', on: today(deps.clock, town.timeZone) })) }
    },
  )
}
