import { Reply } from '../firewall/reply.ts'
import { InvalidInput } from '../platform/problem.ts'
import type { ProofDeps } from '../proofs/issue.ts'
import { lifeRules } from '../registry/life-dates.ts'
import { DistinctBecause, type Registration } from '../registry/model.ts'
import { DuplicateSuspected, registerNeighbour } from '../registry/register.ts'
import { plainIn } from '../ui/plain.tsx'
import { pageOf } from '../ui/signed-in.tsx'
import { dropDraft, keepDraft, TO_DECIDE } from './drafts.ts'
import { RegisterPage, TwinPage } from './register-page.tsx'
import { check, faultsOf } from './registration-form.ts'
import type { DeskVisit } from './shell.tsx'
import type { Typed } from './typed.ts'

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

/**
 * Registers everyone in a form: the first at the address, the others into the first one's household. Sent again, it
 * goes on where it stopped: each person has a key of their own, so nobody is registered twice.
 */
export async function registerPeople(deps: ProofDeps, visit: DeskVisit, typed: Typed, once: string): Promise<Reply> {
  const { town, requester } = visit
  const draftId = typed.draft
  const { people, faults } = check(typed, { ...visit, rules: lifeRules(deps.clock, town) }, plainIn(visit.form))
  const [first, ...others] = people
  const { read, ...shown } = typed
  if (read) return pageOf(<RegisterPage visit={visit} typed={shown} read draftId={draftId} once={once} />)
  // Told in another calendar: nobody is registered before somebody has looked at both dates.
  if (Object.keys(faults).length === 0 && Object.keys(typed).some((name) => TOLD.test(name)))
    return pageOf(<RegisterPage visit={visit} typed={typed} draftId={draftId} once={once} />)
  if (Object.keys(faults).length > 0 || first === undefined)
    return pageOf(<RegisterPage visit={visit} typed={typed} faults={faults} draftId={draftId} once={once} />, 422)

  const register = async (form: Registration, person: number) => {
    // Two people are two for a reason, or the question is asked again.
    const because = DistinctBecause.safeParse(typed[`p${person}_because`])
    const distinct = because.success ? { confirmedDistinct: true, distinctBecause: because.data } : {}
    try {
      return await registerNeighbour(deps, town, requester, { ...form, ...distinct }, `desk ${once} ${person}`)
    } catch (error) {
      throw error instanceof DuplicateSuspected ? new Twin(person, error) : error
    }
  }
  try {
    const done = await (await register(first, 0)).mapAsync(async (registered) => {
      for (const [i, form] of others.entries()) {
        const { address: _, householdId: __, ...person } = form
        await register({ ...person, householdId: registered.householdId }, i + 1)
      }
      return registered
    })
    if (draftId) await dropDraft(deps, town, requester, draftId)
    return Reply.onward(done, ({ id }) => `/desk/neighbours/${id}?new=1`)
  } catch (error) {
    if (error instanceof Twin) {
      // Whoever is called away finds it among what is to be decided, once for a form that is sent again.
      const kept = await keepDraft(deps, town, requester, draftId || once, { ...typed, once, [TO_DECIDE]: 'yes' })
      return Reply.page(
        error.suspected.disclosed.with(kept),
        ([{ candidates }, draft]) => (
          <TwinPage
            visit={visit}
            typed={{ ...typed, draft: draft.id }}
            once={once}
            person={error.person}
            plain={visit.form.has('plain')}
            candidates={candidates}
          />
        ),
        409,
      )
    }
    if (!(error instanceof InvalidInput)) throw error
    return pageOf(
      <RegisterPage visit={visit} typed={typed} faults={faultsOf(error, visit)} draftId={draftId} once={once} />,
      422,
    )
  }
}
