import type { Child } from 'hono/jsx'
import type { Resident } from '../../firewall/requester.ts'
import type { PageVisit } from '../page-visit.ts'
import { Stay } from '../stay.tsx'
import { Csrf } from '../ui/form.tsx'
import { Languages, Page, RoomAction, Rooms } from '../ui/layout.tsx'

export type OwnVisit = PageVisit<Resident>

/** By what somebody is in, and what their telephone calls them: several of a family may use it. */
const inAs = ({ session, t }: OwnVisit): string =>
  session.way?.kind === 'telephone' ? session.way.calls || t.bTelephoneOne : t.bCard

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
        <Rooms label={t.rIn} rooms={[{ path: '/me', name: t.rHello }]}>
          <RoomAction action="/me/leave" name={t.rLeave}>
            <Csrf token={session.csrf} />
          </RoomAction>
        </Rooms>
      }
      below={<Stay session={session} t={t} nonce={nonce} action="/me/stay" />}
    >
      <Languages language={language} path={visit.path} />
      <p class="govuk-hint">{t.iIn.replace('{way}', inAs(visit))}</p>
      <h1>{heading}</h1>
      {props.children}
    </Page>
  )
}
