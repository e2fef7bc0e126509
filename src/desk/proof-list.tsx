import type { Child } from 'hono/jsx'
import type { ProofOutline } from '../proofs/proof-list.ts'
import { Details } from '../ui/parts.tsx'

/** All of somebody's proofs: those in force, and folded behind them those that are over. */
export function ProofList(props: {
  proofs: readonly ProofOutline[]
  /** What those that are over are called. */
  over: string
  line: (proof: ProofOutline) => Child
}) {
  const { proofs, over, line } = props
  const now = Date.now()
  const inForce = (proof: ProofOutline) =>
    (proof.revokedAt === null || proof.publicFrom !== null) && Date.parse(proof.expiresAt) > now
  const List = ({ of }: { of: readonly ProofOutline[] }) => (
    <ul class="cards">
      {of.map((proof) => (
        <li>{line(proof)}</li>
      ))}
    </ul>
  )
  const ended = proofs.filter((proof) => !inForce(proof))
  return (
    <>
      <List of={proofs.filter(inForce)} />
      {ended.length === 0 ? (
        ''
      ) : (
        <Details summary={over}>
          <List of={ended} />
        </Details>
      )}
    </>
  )
}
