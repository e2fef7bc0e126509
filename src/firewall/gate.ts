import type { KeyProvider } from '../keys/key-provider.ts'
import { type MunicipalityKeys, municipalityKeys } from '../keys/municipality-keys.ts'
import type { DataKey } from '../keys/seal.ts'
import { append, ledgerEntry } from '../ledger/entries.ts'
import type { Clock } from '../platform/clock.ts'
import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import { Problem } from '../platform/problem.ts'
import { agreeToGrants, callOffGrants, grantsState } from './agreed-grants.ts'
import { type CaseFile, caseStands } from './cases.ts'
import { disclosed } from './disclosed.ts'
import { isServiceGranted } from './grant-table.ts'
import { isGranted } from './grants.ts'
import { OverBudget, spentOrElse } from './leaving.ts'
import type { Ask, Gate, Load, Loaded, RegistryEvent, SealedRecord, UnitOfWork, Use } from './model.ts'
import { createOpener } from './opener.ts'
import type { PolicyEngine } from './policies.ts'
import type { Decision } from './question.ts'
import { type Action, Refusal, standsWith } from './requester.ts'
import { createStandings, type Standing } from './standing.ts'
import { watchLeaving } from './watching.ts'

export interface GateDeps {
  database: Database
  clock: Clock
  keys: KeyProvider
  policies: PolicyEngine
  /** Where it is asked whether a case was issued; without it more of what staff are shown is drawn by lot. */
  cases?: CaseFile | undefined
}

type Subject = Parameters<PolicyEngine['decide']>[0]['record']

/** Wider than agreed: no rule refuses it, and nobody gets it yet. */
const NOT_AGREED: Decision = { permitted: false, policies: ['firewall.not-agreed'] }
const NOBODY = { protected: false, visited: false }
/** Before any record is found: a resident's own id, otherwise `unknown`. */
const ownOf = ({ requester }: Ask) => (requester.kind === 'resident' ? requester.neighbourId : 'unknown')

/** Actions that compare many candidates: only those who are shown count as looked at. */
const AMONG_MANY: readonly Action[] = ['search', 'register', 'compare']

/** The database lets this role alone read sealed columns; see schema/0001_platform.sql. */
const GATE_ROLE = 'padron_gate'
const asGate = ({ municipalityId }: Ask) => ({ municipalityId, role: GATE_ROLE })

/** The only place that opens what was sealed. */
export function createGate(deps: GateDeps): Gate {
  const { database, clock, keys, policies } = deps
  const standings = createStandings()
  const keyrings = new Map<string, Promise<MunicipalityKeys>>()

  function keysOf(municipalityId: string): Promise<MunicipalityKeys> {
    const known = keyrings.get(municipalityId)
    if (known) return known
    const loading = inMunicipality(database, municipalityId, (transaction) =>
      municipalityKeys(transaction, keys, municipalityId),
    )
    keyrings.set(municipalityId, loading)
    loading.catch(() => keyrings.delete(municipalityId))
    return loading
  }

  function decide(ask: Ask, standing: Standing, record: Subject): Decision {
    const question = {
      requester: ask.requester,
      position: standing.position,
      action: ask.action,
      purpose: ask.purpose,
      fields: ask.fields,
      subjects: ask.subjects ?? 1,
      record,
      now: clock.now(),
      lockdown: standing.lockdown,
      overBudget: standing.overBudget,
      ended: standing.ended,
      judgeOrder: ask.judgeOrder ?? false,
      approvals: ask.approvals ?? 0,
    }
    const decision = policies.decide(question)
    // What the loaded rules give beyond what the town has agreed to stays closed.
    if (decision.permitted && standing.agreed && !isGranted(standing.agreed, question)) return NOT_AGREED
    return decision
  }

  function entryOf(
    ask: Ask,
    {
      decision,
      ledger,
      about,
      occasion,
    }: {
      decision: Decision
      ledger: DataKey
      /** Whom it is about, where it is about somebody, and their key. */
      about?: { subject: string; key: DataKey }
      occasion?: Record<string, number | string> | undefined
    },
  ) {
    const { requester } = ask
    const workCase = requester.kind === 'staff' ? requester.case : undefined
    return ledgerEntry(
      {
        requesterKind: requester.kind,
        requester: requester.id,
        organisation: standsWith(requester)[0] ?? null,
        action: ask.action,
        purpose: ask.purpose,
        fields: ask.fields,
        outcome: decision.permitted ? 'permitted' : 'refused',
        policies: decision.policies,
        subject: about?.subject ?? null,
        ...(occasion || workCase ? { occasion: { ...occasion, ...(workCase ? { case: workCase } : {}) } } : {}),
      },
      { about: about?.key ?? ledger, town: ledger },
    )
  }

  function eventEntry(municipalityId: string, { by, action, occasion }: RegistryEvent, ledger: DataKey) {
    const ask = { municipalityId, requester: by, action: action as Ask['action'], purpose: 'registry', fields: [] }
    return entryOf(ask, { decision: { permitted: true, policies: [] }, ledger, occasion })
  }

  async function refuse(
    ask: Ask,
    decision: Decision,
    standing?: Pick<Standing, 'overBudget' | 'spentUntil'>,
  ): Promise<never> {
    const { ledger } = await keysOf(ask.municipalityId)
    await inMunicipality(database, ask.municipalityId, (transaction) =>
      append(transaction, ask.municipalityId, [entryOf(sanitised(ask), { decision, ledger })]),
    )
    // It says nothing of anybody: only how much they have seen themselves.
    if (ask.requester.kind === 'staff' && standing?.overBudget && standing.spentUntil)
      throw new OverBudget(Temporal.Instant.from(standing.spentUntil))
    throw new Refusal()
  }

  return {
    keysOf,
    forget: standings.forget,

    givesService: (municipalityId, service) =>
      inMunicipality(database, municipalityId, async (transaction) => {
        const agreed = await standings.agreed(transaction, municipalityId, clock.now())
        return agreed === undefined || isServiceGranted(agreed, service)
      }),

    grants: (municipalityId) => grantsState({ database, clock }, municipalityId, policies.grants().table),

    agreeTo: (transaction, town, digest) =>
      agreeToGrants(transaction, { town, loaded: policies.grants().table, digest, now: clock.now() }),

    callOff: (transaction, townId) => callOffGrants(transaction, townId, clock.now()),

    async decide(ask, work, otherwise) {
      const { ledger } = await keysOf(ask.municipalityId)
      const outcome = await inMunicipality(database, ask.municipalityId, async (transaction) => {
        const standing = await standings.of(transaction, ask, clock.now())
        const decision = decide(ask, standing, { ...NOBODY, id: 'unknown' })
        if (!decision.permitted && !otherwise) return { refused: decision, standing }
        const events: RegistryEvent[] = []
        const chosen = decision.permitted || otherwise === undefined ? work : otherwise
        const result = await chosen(transaction, (event) => void events.push(event))
        await append(transaction, ask.municipalityId, [
          entryOf(ask, { decision, ledger }),
          ...events.map((event) => eventEntry(ask.municipalityId, event, ledger)),
        ])
        return { result }
      }).catch(refusedWithin)
      if ('refused' in outcome) return refuse(ask, outcome.refused, outcome.standing)
      return disclosed(outcome.result)
    },

    turnAway: (municipalityId, requester) =>
      refuse(
        { municipalityId, requester, action: 'open', purpose: 'unknown', fields: [] },
        { permitted: false, policies: [] },
      ),

    async record(municipalityId, event, work) {
      const { ledger } = await keysOf(municipalityId)
      return inMunicipality(database, municipalityId, async (transaction) => {
        const result = (await work?.(transaction)) as Awaited<ReturnType<NonNullable<typeof work>>>
        await append(transaction, municipalityId, [eventEntry(municipalityId, event, ledger)])
        return result
      })
    },

    async open<Fields, Field extends keyof Fields & string, T, Beside = undefined>(
      ask: Ask<Field>,
      load: Load<Fields, Beside>,
      use: Use<Fields, Field, T, Beside>,
    ) {
      const town = await keysOf(ask.municipalityId)
      const { ledger } = town
      const inForce = await caseStands(deps.cases, ask.municipalityId, ask.requester)
      const opener = createOpener(keys)
      const found = new Set<string>()
      let shown: readonly string[] | undefined
      const entriesOf = (onRequest: Decision, occasion?: Record<string, number | string>) => {
        const people = [...found].filter((subject) => shown === undefined || shown.includes(subject))
        return {
          people,
          entries: people.map((one) =>
            entryOf(ask, { decision: onRequest, ledger, about: { subject: one, key: opener.keyOf(one) }, occasion }),
          ),
        }
      }
      const answer = async (transaction: Transaction) => {
        const standing = await standings.of(transaction, ask, clock.now())
        const lets = async (other: Ask) =>
          decide(other, await standings.of(transaction, other, clock.now()), { ...NOBODY, id: ownOf(other) })
        const onRequest = decide(ask, standing, { ...NOBODY, id: ownOf(ask) })
        if (!onRequest.permitted) return { refused: onRequest, standing }
        if (ask.behind) {
          const theirs = await lets(ask.behind)
          if (!theirs.permitted) return { refused: theirs, standing: { ...standing, overBudget: false } }
        }

        const openAll = (all: readonly SealedRecord<Fields>[]) => {
          const records = all.filter(
            (record) =>
              decide(ask, standing, {
                id: record.subject,
                protected: record.protected,
                visited: record.visited ?? false,
              }).permitted,
          )
          for (const record of records) found.add(record.subject)
          return records.map((record) => opener.open(record, ask.fields))
        }
        const loaded: SealedRecord<Fields>[] | Loaded<Fields, Beside> = await load(transaction)
        const { records, beside } = Array.isArray(loaded) ? { records: loaded, beside: undefined } : loaded
        const opened = openAll(records)
        let occasion: Record<string, number | string> | undefined
        const events: RegistryEvent[] = []
        const unit: UnitOfWork<Beside> = {
          transaction,
          now: clock.now(),
          beside: beside as Beside,
          seal: opener.seal,
          reopen: opener.reopen,
          unnamed: opener.unnamed,
          shown: (subjects) => {
            shown = subjects
          },
          occasion: (facts) => {
            occasion = facts
          },
          also: (event) => void events.push(event),
          lets: async (other) => (await lets(other)).permitted,
          spent: standing.spentUntil !== undefined,
        }
        const result = await use(opened, unit, async (more) => openAll(await more(transaction)))
        const { people, entries } = entriesOf(onRequest)
        if (entries.length === 0 || occasion !== undefined)
          entries.push(entryOf(ask, { decision: onRequest, ledger, occasion }))
        entries.push(...events.map((event) => eventEntry(ask.municipalityId, event, ledger)))
        await append(transaction, ask.municipalityId, entries)
        await watchLeaving(transaction, { keys: town, ask, standing, seen: people, caseStands: inForce })
        return { result }
      }
      // An error can reveal what a record holds, so the look-up is still recorded and counted.
      const writeDownUndone = (problem: Problem) => async (transaction: Transaction) => {
        const standing = await standings.of(transaction, ask, clock.now())
        if (shown === undefined && AMONG_MANY.includes(ask.action)) shown = []
        const decision = decide(ask, standing, { ...NOBODY, id: ownOf(ask) })
        if (!decision.permitted) return { refused: decision, standing }
        const { people, entries } = entriesOf(decision, { undone: problem.code })
        await append(transaction, ask.municipalityId, entries)
        await watchLeaving(transaction, { keys: town, ask, standing, seen: people, caseStands: inForce })
        return { undone: problem }
      }
      const outcome = await inMunicipality(database, asGate(ask), answer)
        .catch(async (error: unknown) => {
          if (found.size === 0) return refusedWithin(error)
          if (!(error instanceof Problem) || error.status >= 500) throw error
          return inMunicipality(database, asGate(ask), writeDownUndone(error))
        })
        .catch(spentOrElse)
      if ('undone' in outcome) {
        // A refusal by the work itself is an entry like any other, beside what was looked at for it.
        if (outcome.undone instanceof Refusal) return refuse(ask, { permitted: false, policies: [] })
        throw outcome.undone
      }
      if ('refused' in outcome) return refuse(ask, outcome.refused, outcome.standing)
      return disclosed(outcome.result)
    },

    async admit(ask, subject, key) {
      const { municipalityId } = ask
      const known = standings.cached(ask)
      const { position, version, agreed } =
        known ??
        (await inMunicipality(database, municipalityId, (transaction) => standings.of(transaction, ask, clock.now())))
      // A lockdown leaves registration open, and forms are not counted: only the position matters here.
      const standing = { position, version, agreed, lockdown: false, overBudget: false, ended: false }
      const decision = decide(ask, standing, { ...NOBODY, id: subject })
      if (!decision.permitted) return refuse(ask, decision)
      const { ledger } = await keysOf(municipalityId)
      const entry = entryOf(ask, { decision, ledger, about: { subject, key } })
      return { graphVersion: version, entry, disclose: disclosed }
    },
  }
}

/** What work inside the gate refuses is a refusal of the gate's: it is written down like any other. */
function refusedWithin(error: unknown): { refused: Decision; standing?: undefined } {
  if (error instanceof Refusal) return { refused: { permitted: false, policies: [] } }
  throw error
}

/** A refused request may name a purpose or fields of the caller's own invention: of purposes the ledger keeps what has the form of one, and no fields. */
function sanitised(ask: Ask): Ask {
  return { ...ask, purpose: /^[a-z-]{1,64}$/.test(ask.purpose) ? ask.purpose : 'unknown', fields: [] }
}
