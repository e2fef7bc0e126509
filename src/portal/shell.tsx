import type { Child } from 'hono/jsx'
import type { Resident } from '../firewall/requester.ts'
import { Csrf } from '../ui/form.tsx'
import { Page } from '../ui/layout.tsx'
import type { PageVisit } from '../ui/signed-in.tsx'

export type OwnVisit = PageVisit<Resident>

/** Every page of a neighbour's own. Its title says nothing of what it is, for who looks over a shoulder. */
export function Own(props: { visit: OwnVisit; heading: string; script?: string; children: Child }) {
  const { visit, heading } = props
  const { t, session, language, name, nonce } = visit
  return (
    <Page
      title={name}
      language={language}
      town={name}
      {...(props.script ? { script: { src: props.script, nonce } } : {})}
      bar={
        <nav class="desk-bar" aria-label={t.rIn}>
          <div>
            <a href="/me">{t.rHello}</a>
            <form method="post" action="/me/leave">
              <Csrf token={session.csrf} />
              <button type="submit" class="quiet">
                {t.rLeave}
              </button>
            </form>
          </div>
        </nav>
      }
    >
      <h1>{heading}</h1>
      {props.children}
    </Page>
  )
}
