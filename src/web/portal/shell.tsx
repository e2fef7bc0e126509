import type { Child } from 'hono/jsx'
import type { Resident } from '../../firewall/requester.ts'
import type { PageContext } from '../page-visit.ts'
import { hourText } from '../record/texts.ts'
import { Stay } from '../stay.tsx'
import { Csrf } from '../ui/form.tsx'
import { Languages, Page, RoomAction, Rooms } from '../ui/layout.tsx'

export type OwnContext = PageContext<Resident>

/** By what somebody is in, and what their telephone calls them: several of a family may use it. */
const inAs = ({ session, t }: OwnContext): string =>
  session.way?.kind === 'telephone' ? session.way.calls || t['lookedBy.telephoneOne'] : t['lookedBy.card']

/** Every page of a neighbour's own. Its title says nothing of what it is, for who looks over a shoulder. */
export function Own(props: { context: OwnContext; heading: string; script?: string; children: Child }) {
  const { context, heading } = props
  const { t, session, language, name, nonce } = context
  return (
    <Page
      title={name}
      language={language}
      town={name}
      {...(props.script ? { script: { src: props.script, nonce: nonce() } } : {})}
      bar={
        <Rooms label={t['entrance.in']} rooms={[{ path: '/me', name: t['entrance.hello'] }]}>
          <RoomAction action="/me/leave" name={t['entrance.leave']}>
            <Csrf token={session.csrf} />
          </RoomAction>
        </Rooms>
      }
      below={<Stay session={session} t={t} language={language} nonce={nonce()} action="/me/stay" />}
    >
      <Languages language={language} path={context.path} />
      <p class="govuk-hint">{t['waysIn.in'].replace('{way}', inAs(context))}</p>
      <h1>{heading}</h1>
      <HidesStill context={context} />
      {props.children}
    </Page>
  )
}

/** What a way in that is new does not show yet, and where it is shown today. */
export function HidesStill({ context }: { context: Pick<OwnContext, 't' | 'language' | 'town' | 'requester'> }) {
  const { t, language, town, requester } = context
  if (requester.hidesUntil === undefined) return ''
  return (
    <p class="govuk-inset-text">
      {t['waysIn.hides'].replace('{day}', hourText(language, town.timeZone, requester.hidesUntil))}
    </p>
  )
}
