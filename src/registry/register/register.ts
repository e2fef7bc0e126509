import type { Disclosed } from '../../firewall/disclosed.ts'
import { mustBePlain } from '../../firewall/free-text.ts'
import { Refusal, type Staff } from '../../firewall/requester.ts'
import { isRefusedAccess } from '../../identity/presence.ts'
import { InvalidInput, Problem } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { householdAddress } from '../household/households.ts'
import { idempotencyOf, sameBody } from '../idempotency.ts'
import { Registration } from '../model.ts'
import { lifeRules } from '../person/dates/life-dates.ts'
import { mustBeAbleToRepresent } from '../person/representation/able-to-represent.ts'
import { openResponse } from '../replays.ts'
import { type StartSource, startOf } from '../residence/residence-start.ts'
import { type Candidate, likelyDuplicates } from './find-duplicates.ts'
import { hiddenLikeness, holdOthersAlike } from './hidden-likeness.ts'
import { sealRegistration } from './registration-item.ts'
import type { Registered, RegistrationOutcome } from './registration-model.ts'

/** @throws when somebody very like this person is a neighbour already; carries the candidates, opened by the gate. */
export class DuplicateSuspected extends Problem {
  readonly disclosed: Disclosed<{ candidates: Candidate[] }>

  constructor(candidates: Disclosed<Candidate[]>) {
    super(
      'duplicate-suspected',
      409,
      'Somebody very like this person is registered already. Compare, then open that record, record their return if they had left, or send confirmedDistinct: true if they are two people.',
    )
    this.disclosed = candidates.map((list) => ({ candidates: list }))
  }
}

/**
 * Registers a person who lives in the municipality as a neighbour, effective at once.
 *
 * A name and where they live are enough: no document, street address or phone is required. The same
 * idempotency key always gives the first answer. Takes one round trip to the database.
 *
 * Who resembles a protected neighbour is registered like anyone, and answered like anyone; their record is hidden until a
 * supervisor has joined the two or told them apart. For the visit the clerk sees and prints what they wrote.
 *
 * Where nobody may be told who is alike, as in a lockdown, the person is registered all the same: a form must not answer whether
 * somebody is here, and two records of one person can be joined later.
 *
 * Years that are somebody's word are kept as said, and make nobody wait: see `startOf`.
 *
 * @throws {DuplicateSuspected} when a very similar person is registered and the clerk has not confirmed that they are two
 * @throws {ImpossibleDates} when a date cannot be true
 * @throws {InvalidInput} when the household is unknown
 * @throws {SaysTooMuch} when a text may be about papers, and nobody said that it is not
 * @throws {IdempotencyMismatch} when the key was used with another form
 * @see Ley 7/1985 art. 15–16
 */
export async function registerNeighbour(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  {
    form,
    idempotencyKey,
    source = 'word',
  }: { form: Registration; idempotencyKey: string; source?: StartSource | undefined },
): Promise<Disclosed<Registered>> {
  const start = startOf(lifeRules(deps.clock, town), { town, form, source })
  await mustBePlain(deps.gate, { municipalityId: town.id, by: clerk }, { schema: Registration, form })
  const key = await idempotencyOf(deps.gate, town.id, {
    requester: clerk.id,
    operation: 'register',
    key: idempotencyKey,
    body: form,
  })
  const joined =
    form.householdId === undefined
      ? undefined
      : await householdAddress(deps, { town, by: clerk }, { householdId: form.householdId })
  const address = form.address ?? joined
  if (address === undefined)
    throw new InvalidInput([{ pointer: '/householdId', detail: 'No household here has this id.' }])
  await mustBeAbleToRepresent(deps, { town, by: clerk }, form)

  let knownDistinct: string[] = []
  let resembles: string[] = []
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const item = await sealRegistration(
      deps,
      { town, by: clerk },
      { form, context: { start, address, key, knownDistinct, resembles } },
    )
    const outcome = await deps.registrations.submit(town.id, item).catch(async (error: unknown) => {
      // A representative left while the form was on its way: look again, and say which.
      if (isRefusedAccess(error)) await mustBeAbleToRepresent(deps, { town, by: clerk }, form)
      throw error
    })
    if (outcome.outcome === 'registered') {
      if (form.protected) await holdOthersAlike(deps, town, item.id)
      return item.answer
    }
    if (outcome.outcome === 'replayed') {
      sameBody(key, outcome.fingerprint)
      return replayed(deps, { town, by: clerk }, outcome)
    }
    if (outcome.outcome === 'graph-changed') {
      deps.gate.forget(town.id)
      continue
    }
    const candidates = outcome.candidates.filter((id) => !knownDistinct.includes(id))
    const alike = form.confirmedDistinct
      ? undefined
      : await likelyDuplicates(deps, { town, by: clerk }, { form, candidateIds: candidates }).catch(orNobody)
    if (alike) throw new DuplicateSuspected(alike)
    // Nobody is told: not the clerk, by any answer, and not whoever stands beside them.
    resembles = [...resembles, ...(await hiddenLikeness(deps, town, { form, candidates }))]
    knownDistinct = [...knownDistinct, ...candidates]
  }
  throw new Problem(
    'busy',
    503,
    'Too many people are changing the same records. Send it again with the same Idempotency-Key.',
  )
}

function orNobody(error: unknown): undefined {
  if (error instanceof Refusal) return undefined
  throw error
}

/** The first answer to an idempotency key; opening it is opening the record it is about. */
async function replayed(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  stored: Extract<RegistrationOutcome, { outcome: 'replayed' }>,
): Promise<Disclosed<Registered>> {
  return openResponse<Registered>(
    deps,
    { town, by: clerk },
    { sealedOwner: stored.owner, onceId: stored.idempotency, sealed: stored.response },
  )
}
