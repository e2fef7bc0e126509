import type { Staff } from '../firewall/requester.ts'
import { issueProof, type ProofDeps, ProofOrder } from '../proofs/issue.ts'
import { Registration } from '../registry/model.ts'
import { giveCard } from '../registry/person/give-card.ts'
import { registerNeighbour } from '../registry/register/register.ts'
import type { Municipality } from '../town/model.ts'
import type { Demo } from '../web/public/demo.tsx'
import { DEMO_ASKING, DEMO_OFFICE } from './demo-town.ts'

const WORD = 'invented'

/** An invented neighbour for whoever looks at the demonstration, with a new card and a new proof at every start. */
export async function demoVisitor(deps: ProofDeps, town: Municipality): Promise<Demo> {
  const clerk: Staff = { kind: 'staff', id: 'seed', role: 'clerk', organisationId: DEMO_OFFICE, case: 'DEMO' }
  const form = Registration.parse({
    name: { given: 'Visitor', family: ['Invented'] },
    dateOfBirth: '1990~',
    address: { kind: 'no-fixed-address', usualArea: 'By the old station' },
  })
  const registered = await registerNeighbour(
    deps,
    { town, by: clerk },
    { form, idempotencyKey: 'invented-visitor', source: 'register' },
  )
  const visitor = await registered.chain(async ({ id }) => {
    const card = await giveCard(deps, { town, by: clerk }, { source: 'desk', neighbourId: id, word: WORD })
    const order = ProofOrder.parse({ profile: 'library' })
    const proof = await issueProof(
      deps,
      { town, by: clerk },
      { neighbourId: id, order, idempotencyKey: `visitor at ${deps.clock.now()}` },
    )
    return card.with(proof).map(([{ code }, { token }]) => ({ code, word: WORD, proof: token }))
  })
  return { visitor, asking: DEMO_ASKING }
}
