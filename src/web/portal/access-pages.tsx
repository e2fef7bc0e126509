import type { LookUpPage } from '../../oversight/read-look-ups.ts'
import type { WaysIn } from '../../registry/person/end-ways-in.ts'
import { LookUps } from '../record/look-ups.tsx'
import { WaysInList } from '../record/ways-in.tsx'
import { Button, type Faults, Field, PostForm, Tick } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { Done } from '../ui/parts.tsx'
import { Own, type OwnContext } from './shell.tsx'

/** Everyone who looked, each line checked in the page against the public ledger. */
export function MyLookUpsPage(props: {
  context: OwnContext
  page: LookUpPage
  verifier: string
  /** The code of a question that was just asked. */
  asked?: string
}) {
  const { context, page, verifier, asked } = props
  const { t, session } = context
  const before = context.query('before') || context.form.get('before')
  return (
    <Own context={context} heading={t['desk.looked']} script="/assets/ledger.js">
      {asked ? (
        <Done>
          <p>{t['complaint.sent']}</p>
          <p class="digits code" dir="ltr">
            {asked}
          </p>
        </Done>
      ) : (
        ''
      )}
      <p class="lead">{t['entrance.lookedLead']}</p>
      <p>{t['entrance.askNamed']}</p>
      <div
        id="ledger"
        data-key={verifier}
        data-proved={t['entrance.proved']}
        data-soon={t['entrance.notYet']}
        data-broken={t['entrance.broken']}
      >
        <LookUps
          context={context}
          page={page}
          path="/me/looked"
          newest={before === ''}
          beside={({ entryId, visits, content }) =>
            // What one looked at oneself is nobody's to explain; what was done is, and what a helper did.
            visits && content.action === 'open' && content.purpose === 'own-record' ? (
              ''
            ) : (
              <PostForm action="/me/looked" csrf={session.csrf}>
                <input type="hidden" name="before" value={before} />
                <Button secondary name="entry" value={entryId}>
                  {t['entrance.ask']}
                </Button>
              </PostForm>
            )
          }
        />
      </div>
    </Own>
  )
}

export type Reader = Pick<OwnContext, 't' | 'language' | 'town' | 'session'>

/** One's own ways in, and how another telephone is added. */
export function DevicesPage(props: {
  context: OwnContext
  ways: WaysIn
  ended?: boolean
  /** What waited was let work just now. */
  works?: boolean
  typed?: Readonly<Record<string, string>>
  faults?: Faults
}) {
  const { context, ways, ended, works, typed, faults } = props
  const { t, session } = context
  return (
    <Own context={context} heading={t['entrance.devices']} script="/assets/me.js">
      {works ? <Done>{t['waysIn.letDone']}</Done> : ''}
      {ended ? <Done>{t['waysIn.ended']}</Done> : ''}
      <p class="lead">{t['waysIn.lead']}</p>
      <EnrolBox t={t} here csrf={session.csrf} />
      <WaysInList
        context={context}
        ways={ways}
        action="/me/devices"
        everywhere="/me/everywhere"
        {...(typed ? { typed } : {})}
        {...(faults ? { faults } : {})}
      />
    </Own>
  )
}

/** Where a telephone makes its key: what it is called, and what it calls its owner. */
export function EnrolBox(props: { t: Texts; here?: boolean; csrf?: string }) {
  const { t, here, csrf } = props
  return (
    <div
      id="enrol"
      data-no={t['entrance.phoneNo']}
      data-held={t['entrance.deviceHeld']}
      data-known={t['waysIn.here']}
      data-waits={t['waysIn.waitsPhone']}
      {...(here ? { 'data-here': 'yes', 'data-csrf': csrf } : {})}
    >
      <Field name="device" label={t['entrance.device']} auto />
      <Field name="owner" label={t['waysIn.owner']} hint={t['waysIn.ownerHint']} auto />
      <div hidden>
        <Tick name="plain" label={t['desk.plain']} on={false} />
      </div>
      <button type="button" class="govuk-button">
        {t['entrance.make']}
      </button>
      <p role="status" />
    </div>
  )
}
