import { SESSION_LIMITS, type Session } from '../identity/begin-session.ts'
import { counted } from '../platform/counted.ts'
import code from './stay.client.ts?script'
import { asset, JAVASCRIPT } from './ui/assets.ts'
import { Button, PostForm } from './ui/form.tsx'
import type { Language, Texts } from './ui/language.ts'

export const stayScript = asset('/assets/stay.js', code, JAVASCRIPT)

const seconds = (duration: Temporal.DurationLike) => Temporal.Duration.from(duration).total('seconds')
/** Use is noted once a minute: the session may be this much nearer to its end than it seems. */
const NOTED_EVERY = 60

/** Says two minutes before that a session ends, with a button that keeps it; without a script, how long one may take. */
export function Stay(props: {
  session: Session
  t: Texts
  language: Language
  nonce: string
  action: '/me/stay' | '/desk/stay'
}) {
  const { session, t, language, nonce, action } = props
  const { idle } = SESSION_LIMITS[session.requester.kind === 'staff' ? 'staff' : 'resident']
  return (
    <>
      <div
        id="stay"
        class="govuk-width-container"
        role="status"
        data-idle={seconds(idle) - NOTED_EVERY}
        data-ends={session.secondsLeft}
      >
        <div class="govuk-inset-text" hidden>
          <p>{t['session.soon']}</p>
          <PostForm action={action} csrf={session.csrf}>
            <Button>{t['session.stay']}</Button>
          </PostForm>
        </div>
      </div>
      <noscript>
        <p class="govuk-width-container govuk-hint">
          {counted(t['session.idle'], language, { n: seconds(idle) / 60 })}
        </p>
      </noscript>
      <script src={stayScript.address} nonce={nonce} defer />
    </>
  )
}
