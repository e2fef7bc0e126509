import { pathTo } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { InvalidInput } from '../../platform/problem.ts'
import { mustBeUuid } from '../../platform/uuid.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import { DistinctBecause } from '../../registry/model.ts'
import { lifeRules } from '../../registry/person/dates/life-dates.ts'
import { alikeAmong } from '../../registry/register/find-duplicates.ts'
import { dropDraft, keepDraft, TO_DECIDE } from '../../registry/register/keep-draft.ts'
import { DuplicateSuspected, registerNeighbour } from '../../registry/register/register.ts'
import { plainIn } from '../plain.tsx'
import { check, draftOf, faultsOf } from '../record/registration-form.ts'
import type { Typed } from '../record/typed.ts'
import { pageOf } from '../signed-in.tsx'
import { type Alike, RegisterPage, TwinPage } from './register-page.tsx'
import type { DeskContext } from './shell.tsx'

const TOLD = /(^|_)told$/

/** The person of a form whom the registry took for somebody it knows. */
class Twin {
  readonly person: number
  readonly suspected: DuplicateSuspected

  constructor(person: number, suspected: DuplicateSuspected) {
    this.person = person
    this.suspected = suspected
  }
}

/** What the registry did not take of one person of a form. */
class Untaken {
  readonly person: number
  readonly error: InvalidInput

  constructor(person: number, error: InvalidInput) {
    this.person = person
    this.error = error
  }
}

/**
 * Registers everyone in a form: the first at the address, the others into the first one's household. Sent again, it
 * goes on where it stopped: each person has a key of their own, so nobody is registered twice.
 */
export async function registerPeople(
  deps: ProofDeps,
  { context, typed, idempotencyKey }: { context: DeskContext; typed: Typed; idempotencyKey: string },
): Promise<Reply> {
  const { town, requester } = context
  const draftId = typed.draft
  const { people, faults } = check(typed, { ...context, rules: lifeRules(deps.clock, town) }, plainIn(context.form))
  const [first, ...others] = people
  const { read, ...shown } = typed
  if (read)
    return pageOf(
      <RegisterPage context={context} typed={shown} read draftId={draftId} idempotencyKey={idempotencyKey} />,
    )
  // Told in another calendar: nobody is registered before somebody has looked at both dates.
  if (Object.keys(faults).length === 0 && Object.keys(typed).some((name) => TOLD.test(name)))
    return pageOf(<RegisterPage context={context} typed={typed} draftId={draftId} idempotencyKey={idempotencyKey} />)
  if (Object.keys(faults).length > 0 || first === undefined)
    return pageOf(
      <RegisterPage
        context={context}
        typed={typed}
        faults={faults}
        draftId={draftId}
        idempotencyKey={idempotencyKey}
      />,
      422,
    )

  // Two people are two for a reason, or the question is asked again.
  const because = (person: number) => DistinctBecause.safeParse(typed[`p${person}_because`]).data
  // Of whom the page that was sent asked it already.
  const asked = (typed.asked ?? '').split(' ')
  const kept = () =>
    keepDraft(
      deps,
      { town, by: requester },
      { id: draftId || idempotencyKey, draft: draftOf({ ...typed, idempotencyKey, [TO_DECIDE]: 'yes' }) },
    )
  const compare = (alike: readonly Alike[], draft: { id: string }) => (
    <TwinPage
      context={context}
      typed={{ ...typed, draft: draft.id }}
      idempotencyKey={idempotencyKey}
      plain={context.form.has('plain')}
      alike={alike}
      again={alike.every(({ person }) => asked.includes(String(person)))}
    />
  )
  const among = alikeAmong(people.map(({ registration }) => registration)).flatMap(({ place, before }): Alike[] => {
    const person = people[place]?.at ?? place
    const candidates = before.flatMap((at) => people[at]?.registration ?? [])
    return because(person)
      ? []
      : [{ person, candidates: candidates.map(({ name, dateOfBirth }) => ({ name, dateOfBirth })) }]
  })
  // Asked before the first is saved, so that nobody is registered twice while two are looked at.
  if (among.length > 0) return Reply.page(await kept(), (draft) => compare(among, draft), 409)

  const register = async ({ at, registration }: (typeof people)[number]) => {
    const why = because(at)
    const distinct = why ? { confirmedDistinct: true, distinctBecause: why } : {}
    try {
      return await registerNeighbour(
        deps,
        { town, by: requester },
        { form: { ...registration, ...distinct }, idempotencyKey: `desk ${idempotencyKey} ${at}` },
      )
    } catch (error) {
      if (error instanceof DuplicateSuspected) throw new Twin(at, error)
      throw error instanceof InvalidInput ? new Untaken(at, error) : error
    }
  }
  try {
    const done = await (await register(first)).mapAsync(async (registered) => {
      for (const { at, registration } of others) {
        const { address: _, householdId: __, ...person } = registration
        await register({ at, registration: { ...person, householdId: registered.householdId } })
      }
      return registered
    })
    if (draftId) await dropDraft(deps, { town, by: requester }, draftId)
    return Reply.onward(done, ({ id }) => pathTo`/desk/neighbours/${mustBeUuid(id)}?new=1`)
  } catch (error) {
    if (error instanceof Twin) {
      // Whoever is called away finds it among what is to be decided, once for a form that is sent again.
      return Reply.page(
        error.suspected.disclosed.with(await kept()),
        ([{ candidates }, draft]) => compare([{ person: error.person, candidates }], draft),
        409,
      )
    }
    if (!(error instanceof Untaken)) throw error
    const wrong = faultsOf(error.error, context, error.person)
    return pageOf(
      <RegisterPage context={context} typed={typed} faults={wrong} draftId={draftId} idempotencyKey={idempotencyKey} />,
      422,
    )
  }
}
