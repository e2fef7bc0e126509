import type { ProofOutline } from '../../proofs/list-proofs.ts'
import { profiles } from '../../proofs/profiles.ts'
import type { PageContext } from '../page-visit.ts'
import { Button, PostForm } from '../ui/form.tsx'
import { Details } from '../ui/parts.tsx'
import { proofStanding, timeText } from './texts.ts'

/** All of somebody's proofs: those in force, and folded behind them those that are over. */
export function ProofList(props: {
  context: Pick<PageContext, 't' | 'language' | 'session' | 'town'>
  proofs: readonly ProofOutline[]
  /** What those that are over are called. */
  over: string
  /** Where one that is in force is taken back, by whoever may. */
  revoke: string | undefined
}) {
  const { context, proofs, over, revoke } = props
  const { t, language, session, town } = context
  const now = Date.now()
  const inForce = (proof: ProofOutline) =>
    (proof.revokedAt === null || proof.publicFrom !== null) && Date.parse(proof.expiresAt) > now
  const List = ({ of }: { of: readonly ProofOutline[] }) => (
    <ul class="cards">
      {of.map((proof) => (
        <li>
          {profiles.get(proof.profile)?.title[language] ?? proof.profile} ·{' '}
          {timeText(language, town.timeZone, proof.issuedAt)} ·{' '}
          <strong>{proofStanding(proof, { t, language, timeZone: town.timeZone })}</strong>
          {revoke === undefined || (proof.revokedAt && !proof.publicFrom) ? (
            ''
          ) : (
            <PostForm action={revoke} csrf={session.csrf}>
              <Button secondary name="proof" value={proof.id}>
                {t['proofs.revoke']}
              </Button>
            </PostForm>
          )}
        </li>
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
