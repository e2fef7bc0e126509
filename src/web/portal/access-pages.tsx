import type { Child } from 'hono/jsx'
import type { OpenSession } from '../../identity/open-sessions.ts'
import type { CardInForce, WaysIn } from '../../identity/ways-in.ts'
import type { LookUpPage } from '../../oversight/look-ups.ts'
import { profiles } from '../../proofs/profiles.ts'
import { LookUps } from '../desk/neighbour-past-page.tsx'
import { dayText, timeText } from '../desk/shell.tsx'
import { Csrf, DateField, ErrorSummary, type Faults, Field, Tick } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { Done } from '../ui/parts.tsx'
import { listText } from '../ui/words.ts'
import { Own, type OwnVisit } from './shell.tsx'

/** Everyone who looked, each line checked in the page against the public ledger. */
export function MyLookUpsPage(props: {
  visit: OwnVisit
  page: LookUpPage
  verifier: string
  /** The code of a question that was just asked. */
  asked?: string
}) {
  const { visit, page, verifier, asked } = props
  const { t, session } = visit
  const before = visit.query('before') || visit.form.get('before')
  return (
    <Own visit={visit} heading={t.dLooked} script="/assets/ledger.js">
      {asked ? (
        <Done>
          <p>{t.kSent}</p>
          <p class="digits code" dir="ltr">
            {asked}
          </p>
        </Done>
      ) : (
        ''
      )}
      <p class="lead">{t.rLookedLead}</p>
      <p>{t.rAskNamed}</p>
      <div id="ledger" data-key={verifier} data-proved={t.rProved} data-soon={t.rNotYet} data-broken={t.rBroken}>
        <LookUps
          visit={visit}
          page={page}
          path="/me/looked"
          newest={before === ''}
          beside={({ entryId, visits, content }) =>
            // What one looked at oneself is nobody's to explain; what was done is, and what a helper did.
            visits && content.action === 'open' && content.purpose === 'own-record' ? (
              ''
            ) : (
              <form method="post" action="/me/looked">
                <Csrf token={session.csrf} />
                <input type="hidden" name="before" value={before} />
                <button type="submit" name="entry" value={entryId} class="govuk-button govuk-button--secondary">
                  {t.rAsk}
                </button>
              </form>
            )
          }
        />
      </div>
    </Own>
  )
}

type Reader = Pick<OwnVisit, 't' | 'language' | 'town' | 'session'>

/** By what somebody is in, as they know it. */
export function wayText(way: OpenSession['way'], telephones: WaysIn['telephones'], t: Texts): string {
  if (way?.kind !== 'telephone') return t.bCard
  const name = telephones.find(({ handle }) => handle === way.id)?.device
  return name === undefined ? t.bTelephoneOne : t.bTelephone.replace('{name}', name)
}

/** Each way in to a record, with a button that ends it; and what is done when a card or telephone is gone. */
export function WaysInList(props: {
  visit: Reader
  ways: WaysIn
  /** Where the forms go. */
  action: string
  /** Where one signs out everywhere, and all ways in stay; of one's own. */
  everywhere?: string
  typed?: Readonly<Record<string, string>>
  faults?: Faults
}) {
  const { visit, ways, action, everywhere, typed = {}, faults = {} } = props
  const { t, language, town, session } = visit
  const { cards, telephones, sessions, helpers } = ways
  const End = ({ what, id }: { what: string; id?: string }) => (
    <form method="post" action={action}>
      <Csrf token={session.csrf} />
      <input type="hidden" name="what" value={what} />
      <button type="submit" name="which" value={id ?? ''} class="govuk-button govuk-button--secondary">
        {t.iEnd}
      </button>
    </form>
  )
  const List = ({ title, of }: { title: string; of: readonly Child[] }) => (
    <>
      <h2>{title}</h2>
      {of.length === 0 ? (
        <p>{t.iNone}</p>
      ) : (
        <ul class="cards">
          {of.map((one) => (
            <li>{one}</li>
          ))}
        </ul>
      )}
    </>
  )
  const used = (at: string | null) =>
    at === null ? t.iNever : t.iUsed.replace('{day}', dayText(language, at.slice(0, 10)))
  return (
    <>
      <ErrorSummary title={t.dThere} faults={faults} />
      <List
        title={t.iCards}
        of={cards.map((card) => (
          <>
            {t.iCard.replace('{day}', dayText(language, card.givenAt.slice(0, 10)))} · {cardUse(card, used, t)}
            <End what="card" />
          </>
        ))}
      />
      <List
        title={t.iTelephones}
        of={telephones.map((one) => (
          <>
            <bdi>{[one.device, one.owner].filter(Boolean).join(' · ')}</bdi> ·{' '}
            {t.iAdded.replace('{day}', dayText(language, one.createdAt.slice(0, 10)))} · {used(one.usedAt)}
            <End what="telephone" id={one.handle} />
          </>
        ))}
      />
      <List
        title={t.dSessions}
        of={sessions.map((one) => (
          <>
            {timeText(language, town.timeZone, one.signedInAt)} – {timeText(language, town.timeZone, one.lastSeenAt)} ·{' '}
            <bdi>{wayText(one.way, telephones, t)}</bdi>
            {one.here ? ` · ${t.dHere}` : ''}
            {one.here ? '' : <End what="session" id={one.handle} />}
          </>
        ))}
      />
      {everywhere ? (
        <form method="post" action={everywhere}>
          <Csrf token={session.csrf} />
          <button type="submit" class="govuk-button govuk-button--secondary">
            {t.rEverywhere}
          </button>
        </form>
      ) : (
        ''
      )}
      <List
        title={t.iHelpers}
        of={helpers.map((one) => (
          <>
            <bdi>{one.name}</bdi> · {t.hUntil} {dayText(language, one.until)}
            <br />
            {listText(
              language,
              one.profiles.map((id) => profiles.get(id)?.title[language] ?? id),
            )}
            <End what="helper" id={one.id} />
          </>
        ))}
      />
      <h2>{t.iLost}</h2>
      <form method="post" action={action}>
        <Csrf token={session.csrf} />
        <input type="hidden" name="what" value="lost" />
        <p>{everywhere ? t.iLostLead : t.iLostAll}</p>
        <Tick name="too" label={t.iLostToo} on={typed.too !== undefined} fault={faults.too} />
        <DateField
          name="since"
          legend={t.iLostSince}
          fault={faults.since}
          labels={{ day: t.dDay, month: t.dMonth, year: t.dYear }}
          value={(part) => typed[`since-${part}`] ?? ''}
        />
        <button type="submit" class="govuk-button">
          {t.iLost}
        </button>
      </form>
      <form method="post" action={action}>
        <Csrf token={session.csrf} />
        <input type="hidden" name="what" value="everything" />
        <p>{t.iEndAllHint}</p>
        <button type="submit" class="govuk-button govuk-button--warning">
          {t.iEndAll}
        </button>
      </form>
    </>
  )
}

const cardUse = (card: CardInForce, used: (at: string | null) => string, t: Texts) =>
  card.asleep ? t.iAsleep : used(card.usedAt)

/** One's own ways in, and how another telephone is added. */
export function DevicesPage(props: {
  visit: OwnVisit
  ways: WaysIn
  ended?: boolean
  typed?: Readonly<Record<string, string>>
  faults?: Faults
}) {
  const { visit, ways, ended, typed, faults } = props
  const { t, session } = visit
  return (
    <Own visit={visit} heading={t.rDevices} script="/assets/me.js">
      {ended ? <Done>{t.iEnded}</Done> : ''}
      <p class="lead">{t.iLead}</p>
      <EnrolBox t={t} here csrf={session.csrf} />
      <WaysInList
        visit={visit}
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
      data-no={t.rPhoneNo}
      data-held={t.rDeviceHeld}
      data-known={t.iHere}
      {...(here ? { 'data-here': 'yes', 'data-csrf': csrf } : {})}
    >
      <Field name="device" label={t.rDevice} auto />
      <Field name="owner" label={t.iOwner} hint={t.iOwnerHint} auto />
      <div hidden>
        <Tick name="plain" label={t.dPlain} on={false} />
      </div>
      <button type="button" class="govuk-button">
        {t.rMake}
      </button>
      <p role="status" />
    </div>
  )
}
