import type { MunicipalityKeys } from '../keys/municipality-keys.ts'
import type { CiphertextLocation, DataKey, Sealed, WrappedKey } from '../keys/seal.ts'
import type { LedgerEntry } from '../ledger/store.ts'
import type { Transaction } from '../platform/database.ts'
import type { Disclosed } from './disclosed.ts'
import type { GivenService, GrantsState } from './grant-table.ts'
import type { Action, Requester } from './requester.ts'

/** What is asked of the gate. */
export interface Ask<Field extends string = string> {
  municipalityId: string
  requester: Requester
  action: Action
  purpose: string
  fields: readonly Field[]
  /** How many people the request is about, when that is known before looking. */
  subjects?: number
  /** Of formal demands: whether a judge orders it, and how many legal officers have approved. */
  judgeOrder?: boolean
  approvals?: number
  /** It lists work that waits, whoever it is about: nobody has a case for all of them. */
  worklist?: true
  /** Another question that has to be permitted too, in the same transaction: the permission of the person this is done for. */
  behind?: Ask
}

/** One ciphertext of a record: which fields are inside it and how they are put together. */
export interface SealedPart<Fields> {
  location: CiphertextLocation
  sealed: Uint8Array
  keyId: string
  /** It was sealed without the name of its key. */
  unnamed?: true
  holds: readonly (keyof Fields & string)[]
  /** Puts what was inside into the record being assembled. */
  assemble(record: Partial<Fields>, value: unknown): void
}

/** A record as it lies in the database, with facts that are not sealed. */
export interface SealedRecord<Fields> {
  subject: string
  protected: boolean
  /** Hidden, and written in the visit under way by whoever asks. */
  visited?: boolean
  /** Hidden only because it resembles somebody who hides. */
  held?: boolean
  keys: readonly WrappedKey[]
  parts: readonly SealedPart<Fields>[]
  facts: Partial<Fields>
}

/** A record with the permitted fields open. A field that was never recorded is absent. */
export type Opened<Fields, Field extends keyof Fields> = { id: string } & Partial<Pick<Fields, Field>>

/** What finds, seals and opens rows that do not say whose they are. @see DataKey */
export type Unnamed = Pick<DataKey, 'mark' | 'sealUnnamed' | 'openUnnamed'>

/** What work inside the gate may do besides reading: seal new values to the keys of the records at hand. */
export interface UnitOfWork<Beside = unknown> {
  transaction: Transaction
  /** When it was begun, by the service's clock. */
  now: Temporal.Instant
  /** What `load` found beside the records. */
  beside: Beside
  seal(keyId: string, location: CiphertextLocation, value: unknown): Sealed
  /**
   * Opens anything that is sealed to the key of a record at hand, whatever fields were asked for: earlier answers, what a join
   * or an undo carries over, who looked. It is the largest way round the list of fields; each use is for one of these.
   */
  reopen(keyId: string, location: CiphertextLocation, sealed: Uint8Array): unknown
  /** For rows that do not say whose they are: found by marks, and sealed without the name of the key. */
  unnamed(keyId: string): Unnamed
  /** The subjects the ledger names as seen; without a call, all that were opened. */
  shown(subjects: readonly string[]): void
  /** What the entry says besides: numbers and codes of why. */
  occasion(facts: Record<string, number | string>): void
  /** What else happened to the registry: one more entry, in the same commit. */
  also(event: RegistryEvent): void
  /** Whether the person this is passed on to would be permitted too. */
  lets(other: Ask): Promise<boolean>
  /** The requester's budget is used up: what must still work then, such as a registration, shows no other people. */
  spent: boolean
}

/**
 * Fetches sealed records inside the gate's transaction, and hands on what else it found there. Do not keep it in a variable
 * outside: it would escape the `Disclosed` box.
 */
export type Load<Fields, Beside = undefined> = (
  transaction: Transaction,
) => Promise<Beside extends undefined ? SealedRecord<Fields>[] : Loaded<Fields, Beside>>

export interface Loaded<Fields, Beside> {
  records: SealedRecord<Fields>[]
  beside: Beside
}

/** Works on what was opened. What it returns is disclosed, in a box; `openMore` opens further records under the same decision. */
export type Use<Fields, Field extends keyof Fields & string, T, Beside = undefined> = (
  records: Opened<Fields, Field>[],
  unit: UnitOfWork<Beside>,
  openMore: (load: Load<Fields>) => Promise<Opened<Fields, Field>[]>,
) => T | Promise<T>

export interface Gate {
  /**
   * Opens sealed records for a requester, or refuses.
   *
   * The policies decide twice: on the request before anything is read, so that a refusal cannot depend
   * on who exists; then on each record found. `use` works on what was opened and its result is what is
   * disclosed; `openMore` opens further records under the same decision, when those at hand are not who
   * was meant. The decision is written to the ledger in the same transaction: if it cannot be, nothing
   * is disclosed and nothing `use` wrote is kept.
   *
   * @throws {Refusal} when the policies do not permit it; the refusal is in the ledger
   */
  open<Fields, Field extends keyof Fields & string, T, Beside = undefined>(
    ask: Ask<Field>,
    load: Load<Fields, Beside>,
    use: Use<Fields, Field, T, Beside>,
  ): Promise<Disclosed<T>>

  /**
   * Decides a registration, whose record does not exist yet. The caller stores the ledger entry in the
   * registration's own statement, which fails if the graph is no longer at `graphVersion`.
   */
  admit(ask: Ask, subject: string, key: DataKey): Promise<Admission>

  /**
   * Decides a question about no record, and writes down the answer with whatever `work` writes. Nothing sealed to
   * a person is opened.
   *
   * @param work may say, by its second argument, what else happened to the registry: one more entry, in the same commit
   * @param otherwise work done with the refusal; without it a refusal is thrown
   * @throws {Refusal}
   */
  decide<T>(
    ask: Ask,
    work: (transaction: Transaction, also: (event: RegistryEvent) => void) => Promise<T>,
    otherwise?: (transaction: Transaction) => Promise<T>,
  ): Promise<Disclosed<T>>

  /** Refuses somebody who came to a door that is not theirs, before it is known what they want; written down. */
  turnAway(municipalityId: string, requester: Requester): Promise<never>

  /** Writes down something that happened to the registry itself, with whatever `work` writes. */
  record<T>(municipalityId: string, event: RegistryEvent, work?: (transaction: Transaction) => Promise<T>): Promise<T>

  /** Forgets cached positions, after the database said that the graph has changed. */
  forget(municipalityId: string): void

  /** What the loaded rules give, and how it stands with what the town agreed to. */
  grants(municipalityId: string): Promise<GrantsState>

  /**
   * Agrees, in the transaction of a second officer's decision, to what the loaded rules give.
   *
   * @param digest of the table that the officers looked at
   * @throws {NothingWider}
   */
  agreeTo(transaction: Transaction, town: { id: string; wideningDays: number }, digest: string): Promise<void>

  /** Calls off what was agreed to and has not begun. @throws {NothingToCome} */
  callOff(transaction: Transaction, townId: string): Promise<void>

  /** Whether the town has agreed that a service may learn all of this. */
  givesService(municipalityId: string, service: GivenService): Promise<boolean>

  keysOf(municipalityId: string): Promise<MunicipalityKeys>
}

/** What happened to the registry itself: policies, keys, roles, lockdown, demands. Never personal data. */
export interface RegistryEvent {
  by: Requester
  action: string
  occasion?: Record<string, number | string>
}

/** A permitted registration. */
export interface Admission {
  graphVersion: string
  entry: LedgerEntry
  /** What the clerk may be told once entry and registration are stored. */
  disclose<T>(answer: T): Disclosed<T>
}
