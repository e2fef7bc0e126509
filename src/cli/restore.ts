import { existsSync, readdirSync } from 'node:fs'
import { sql } from 'kysely'
import { type Config, ConfigInvalid } from '../config.ts'
import { type NoteSigner, noteLine } from '../ledger/checkpoint.ts'
import { type Journal, type JournalPosition, mustBeTheNewest, openJournal, type Taking } from '../ledger/journal.ts'
import { latestCheckpoint } from '../ledger/proofs.ts'
import { ledgerName } from '../ledger/signer.ts'
import { countAsWaiting } from '../messages/leave-message.ts'
import type { Database, Transaction } from '../platform/database.ts'
import { DatabaseOlder, type Installation, installationOf } from '../platform/installation.ts'
import { pendingMigrations } from '../platform/migrations.ts'
import type { Municipality } from '../town/model.ts'
import { listMunicipalities } from '../town/store.ts'
import { keysAndCopies, mustHaveEpochs, wrapAnew } from './epochs.ts'
import type { Progress } from './output.ts'
import { configuredPolicies, roomsOver } from './rooms.ts'
import { journalOf, withOwner } from './stores.ts'

export interface RestoreOptions {
  /** Every proof issued until now ends and is issued again on request; or those that are known go on until they run out. */
  proofs: 'reissue' | 'lapse'
  /** Further folders with journals, of other hosts. */
  journals: readonly string[]
  /** The rules of this build are meant, though others were in force when the database was lost. */
  otherRules: boolean
  /** It is repaired though it does not look older. */
  anyway: boolean
  /** What cannot be done again is left to be done by hand. */
  leaveOut: boolean
  /** The file with the private key of whoever keeps the backups: needed where epoch keys were destroyed since the copy. */
  keeper?: string | undefined
}

export interface RestoreReport {
  epoch: number
  /** Acts of taking away that were done again. */
  doneAgain: number
  /** Acts about rows that the copy does not have. */
  unknown: number
  /** Data keys that do not open: somebody altered their rows. */
  closed: number
  /** Lines of journals that cannot be read. */
  broken: number
  proofs: RestoreOptions['proofs']
  towns: { slug: string; ledger: string; statement: string }[]
}

/** What gives somebody a way in, or holds something for minutes: none of it outlives a restore. */
const ENDED = [
  'sessions',
  'enrolments',
  'passkey_challenges',
  'visits',
  'wallet_offers',
  'wallet_nonces',
  'presentation_requests',
  'counters',
] as const

/**
 * Repairs a database that was put back to an earlier state, so that it is no more open than it was: what was taken away since
 * is taken away again from the journal, all sessions end, no place of an old status list is ever given again, and each town's
 * ledger goes on under another name, with a signed statement of where the old one ended.
 *
 * All of it happens in one transaction, and may be run again until it has.
 *
 * @throws {ConfigInvalid} where nothing is to be repaired, or the rules are others
 */
export async function restoreDatabase(
  config: Config,
  options: RestoreOptions,
  progress: Progress,
): Promise<RestoreReport> {
  const keys = await keysAndCopies(config, { keeperFile: options.keeper })
  const journal = journalOf(config, keys)
  const others = options.journals.map((folder) => {
    // One that is mistyped, or whose disk is not there, is not an empty one.
    if (!existsSync(folder) || !readdirSync(folder).some((name) => name.endsWith('.journal')))
      throw new ConfigInvalid(`There is no journal in ${folder}.`)
    return openJournal(folder, keys)
  })
  const journals = [journal, ...others]
  const policies = await configuredPolicies()
  const repaired = withOwner(config, async (owner) => {
    const pending = await pendingMigrations(owner)
    if (pending.length > 0)
      throw new ConfigInvalid(`The database is not migrated (${pending.length} to go). Run first: padron migrate`)
    const before = await installationOf(owner)
    const older = (await Promise.all(journals.map((one) => isOlder(one, owner)))).includes(true)
    if (!options.anyway && !older)
      throw new ConfigInvalid(
        'The database is not older than the journal: there is nothing to repair. If it was put back all the same, add --anyway.',
      )
    const missing = journals.flatMap((one) => one.read((place) => isMissing(place, before))).sort(inOrder)
    mustBeTheRules(missing, policies.digest, options.otherRules)
    await mustHaveEpochs(owner, keys, options.keeper !== undefined)
    const towns = await listMunicipalities(owner)
    const { gate, signers } = await roomsOver(owner, config, { keys, policies })
    const epochs = journals.flatMap((one) => [one.newest()?.epoch ?? 0, one.watch.known?.epoch ?? 0])
    const epoch = Math.max(before.epoch, ...epochs) + 1
    const statements = new Map<string, string>()
    for (const town of towns) {
      const newest = await latestCheckpoint(owner, town.id)
      const next = ledgerName(town.issuer, epoch)
      const text = statementOf(await signers.of(town), { last: journal.checkpoint(town.id), copy: newest?.note, next })
      statements.set(town.id, text)
    }

    progress.begin('acts done again', missing.length)
    const outcome = { doneAgain: 0, unknown: 0 }
    await owner.transaction().execute(async (transaction) => {
      const failed = await takeAgain(transaction, { takings: missing, outcome, at: progress.at })
      // One that hung on another that came later is tried once more.
      const still = await takeAgain(transaction, { takings: failed, outcome, at: () => {} })
      if (still.length > 0 && !options.leaveOut)
        throw new ConfigInvalid(
          `${still.length} acts could not be done again: ${still
            .slice(0, 10)
            .map(({ at, taken }) => `${taken.held} ${taken.act} of ${at}`)
            .join('; ')}. Do them by hand afterwards, and add --leave-out.`,
        )
      for (const town of towns) {
        await sql`select set_config('padron.municipality', ${town.id}, true)`.execute(transaction)
        await endWhatWasOpen(transaction, town, options.proofs)
        await sql`
          insert into restores (municipality_id, epoch, restored_at, known_until, reissue, statement)
          select ${town.id}::text::uuid, ${epoch}, clock_timestamp(),
            coalesce((select max(recorded_at) from ledger_entries where municipality_id = ${town.id}::text::uuid), clock_timestamp()),
            ${options.proofs === 'reissue'}, ${statements.get(town.id) ?? ''}`.execute(transaction)
      }
      await sql`update installation set epoch = ${epoch}, mark = mark + 1,
        journaled = coalesce((select max(id) from takings), journaled)`.execute(transaction)
    })
    progress.end()
    const closed = await wrapAnew(config, owner, keys)
    journal.forgive(await installationOf(owner))
    const by = { kind: 'job', id: 'padron restore' } as const
    for (const town of towns)
      await gate.record(town.id, { by, action: 'database-restored', occasion: { epoch: String(epoch) } })
    return {
      epoch,
      ...outcome,
      closed,
      broken: journals.reduce((sum, one) => sum + one.broken(), 0),
      proofs: options.proofs,
      towns: towns.map((town) => ({
        slug: town.slug,
        ledger: ledgerName(town.issuer, epoch),
        statement: statements.get(town.id) ?? '',
      })),
    }
  })
  return repaired.finally(() => {
    for (const one of journals) one.close()
  })
}

/**
 * Transactions do not end in the order in which they took: what was written within the hour before the last that a copy knows of
 * may be missing in it, and is done again too.
 */
const OVERLAP = { hours: 1 }

const isMissing = ({ epoch, id, at }: JournalPosition, copy: Installation) =>
  epoch > copy.epoch ||
  (epoch === copy.epoch &&
    (id > copy.journaled || Temporal.Instant.compare(at, copy.journaledAt.subtract(OVERLAP)) >= 0))
const inOrder = (a: JournalPosition, b: JournalPosition) => a.epoch - b.epoch || a.id - b.id

async function isOlder(journal: Journal, owner: Database): Promise<boolean> {
  try {
    await mustBeTheNewest(journal, owner)
    return false
  } catch (error) {
    if (error instanceof DatabaseOlder) return true
    throw error
  }
}

/** @returns what could not be done */
async function takeAgain(
  transaction: Transaction,
  {
    takings,
    outcome,
    at,
  }: { takings: readonly Taking[]; outcome: { doneAgain: number; unknown: number }; at: (done: number) => void },
): Promise<Taking[]> {
  const failed: Taking[] = []
  for (const [i, taking] of takings.entries()) {
    await sql`savepoint taking`.execute(transaction)
    try {
      const { rows } = await sql<{ done: boolean }>`
        select take_again(${taking.municipalityId}::text::uuid, ${JSON.stringify(taking.taken)}::text::jsonb) as done`.execute(
        transaction,
      )
      outcome[rows[0]?.done ? 'doneAgain' : 'unknown'] += 1
      await sql`release savepoint taking`.execute(transaction)
    } catch {
      await sql`rollback to savepoint taking`.execute(transaction)
      failed.push(taking)
    }
    at(i + 1)
  }
  return failed
}

/** @throws {ConfigInvalid} where the rules in force when the database was lost are not those of this build */
function mustBeTheRules(takings: readonly Taking[], digest: string, otherRules: boolean): void {
  const last = takings.findLast(({ taken }) => taken.held === 'policy_versions')?.taken.content.digest
  if (last !== undefined && last !== digest && !otherRules)
    throw new ConfigInvalid(
      `The rules in force when the database was lost were ${last}, and this build has ${digest}. Start with the build that has them, or add --other-rules if these are no wider.`,
    )
}

async function endWhatWasOpen(
  transaction: Transaction,
  town: Municipality,
  proofs: RestoreOptions['proofs'],
): Promise<void> {
  const own = sql`municipality_id = ${town.id}::text::uuid`
  for (const table of ENDED) await sql`delete from ${sql.table(table)} where ${own}`.execute(transaction)
  await countAsWaiting(transaction, town)
  // Places in it were given to people this copy does not know: none is given again.
  await sql`update status_lists set closed_at = coalesce(closed_at, clock_timestamp()),
    all_revoked = all_revoked or ${proofs === 'reissue'} where ${own}`.execute(transaction)
  if (proofs === 'reissue')
    await sql`update proofs set public_from = date_trunc('day', clock_timestamp(), 'UTC')
      where ${own} and public_from is null and mark is not null`.execute(transaction)
}

/** What the old ledger's key signs of its end: the last checkpoint that is known of it, what the copy has, and what follows. */
function statementOf(
  signer: NoteSigner,
  { last, copy, next }: { last: string | undefined; copy: string | undefined; next: string },
): string {
  const said = (note: string | undefined) => (note === undefined ? 'none' : note.split('\n').slice(0, 3).join(' '))
  const body = `${signer.name}\nrestored ${Temporal.Now.instant().toString({ smallestUnit: 'second' })}\nlast ${said(last)}\ncopy ${said(copy)}\nnext ${next}\n`
  return `${body}\n${noteLine(signer, 'note', signer.sign(Buffer.from(body)))}\n`
}
