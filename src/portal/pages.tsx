import { Qr } from '../counter/page.tsx'
import { LookUps } from '../desk/neighbour-past-page.tsx'
import { dayText, proofStanding, timeText } from '../desk/shell.tsx'
import type { Device } from '../identity/passkeys.ts'
import type { OpenSession } from '../identity/sessions.ts'
import type { WrittenPaper } from '../proofs/paper.ts'
import { type Profile, profiles } from '../proofs/profiles.ts'
import type { ProofOutline } from '../proofs/proof-list.ts'
import { claimDisplay } from '../proofs/wallet/metadata.ts'
import type { LookUp } from '../registry/lookups.ts'
import type { Removal } from '../registry/removal.ts'
import { Csrf, Field, Tick } from '../ui/form.tsx'
import { type Language, LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { Done, NotDone } from '../ui/parts.tsx'
import { Own, type OwnVisit } from './shell.tsx'

/** The door: a card, or a telephone that was enrolled. */
export function EntrancePage(props: {
  town: string
  language: Language
  to: string
  nonce: string
  refused?: boolean | 'too-many'
}) {
  const { town, language, to, nonce, refused } = props
  const t = LOCALES[language]
  return (
    <Page title={town} language={language} town={town} script={{ src: '/assets/me.js', nonce }}>
      <Languages language={language} path="/me/in" />
      <h1>{t.rEnter}</h1>
      <p class="lead">{t.rEnterLead}</p>
      {refused ? (
        <NotDone>
          <p>{refused === 'too-many' ? t.vWhyTooMany : t.rCardNo}</p>
        </NotDone>
      ) : (
        ''
      )}
      <div id="phone" hidden data-to={to} data-no={t.rPhoneNo}>
        <button type="button" class="govuk-button">
          {t.rWithPhone}
        </button>
        <p role="status" />
      </div>
      <h2>{t.rWithCard}</h2>
      <form method="post" action={`/me/in?lang=${language}`}>
        <input type="hidden" name="to" value={to} />
        <Field name="code" label={t.rCardCode} required />
        <Field name="word" label={t.rCardWord} required auto />
        <Tick name="elsewhere" label={t.rNotMine} on={false} />
        <button type="submit" class="govuk-button">
          {t.rEnter}
        </button>
      </form>
      <p>
        <a href={`/complain?lang=${language}`}>{t.kTitle}</a>
      </p>
    </Page>
  )
}

/** What the card of somebody who was removed still opens: what was decided, why, and how to object. Nothing of a record. */
export function RemovedPage(props: { town: string; language: Language; removal: Removal }) {
  const { town, language, removal } = props
  const t = LOCALES[language]
  const decided = removal.cause === 'moved-away' ? t.rRemovedMoved : t.rRemovedWrong
  return (
    <Page title={town} language={language} town={town}>
      <h1>{t.rRemoved}</h1>
      <p class="lead">{decided.replace('{day}', dayText(language, removal.since))}</p>
      <p>{t.rRemovedWhy}</p>
      <p>{t.rRemovedObject}</p>
      <p>{t.rRemovedErase}</p>
      <p>
        <a class="govuk-button" href={`/complain?lang=${language}`}>
          {t.kTitle}
        </a>
      </p>
      <p>{t.rRemovedBack}</p>
    </Page>
  )
}

/** Where a telephone that scanned the counter's code makes its key. */
export function EnrolPage(props: { town: string; language: Language; nonce: string }) {
  const { town, language, nonce } = props
  const t = LOCALES[language]
  return (
    <Page title={town} language={language} town={town} script={{ src: '/assets/me.js', nonce }}>
      <Languages language={language} path="/me/enrol" />
      <h1>{t.rEnrolTitle}</h1>
      <p class="lead">{t.rEnrolLead}</p>
      <div id="enrol" data-no={t.rPhoneNo} data-held={t.rDeviceHeld}>
        <Field name="device" label={t.rDevice} auto />
        <div hidden>
          <Tick name="plain" label={t.dPlain} on={false} />
        </div>
        <button type="button" class="govuk-button">
          {t.rMake}
        </button>
        <p role="status" />
      </div>
    </Page>
  )
}

/** Each service by name, and exactly what it will learn. */
export function ChoosePage(props: { visit: OwnVisit; once: string; proofs: readonly ProofOutline[] }) {
  const { visit, once, proofs } = props
  const { t, language, session, town } = visit
  const mine = [...profiles.values()].filter((profile) => profile.askedBy !== 'representative')
  return (
    <Own visit={visit} heading={t.rGet}>
      <p class="lead">{t.rGetLead}</p>
      <form method="post" action="/me/proof">
        <Csrf token={session.csrf} />
        <input type="hidden" name="once" value={once} />
        <ul class="cards">
          {mine.map((profile) => (
            <li>
              <button
                type="submit"
                name="profile"
                value={profile.id}
                aria-describedby={`learns-${profile.id}`}
                class="govuk-button"
              >
                {profile.title[language]}
              </button>
              <p id={`learns-${profile.id}`}>
                {t.sLearns}: {[t.sLives, ...namesOf(profile, language)].join(', ')}
              </p>
            </li>
          ))}
        </ul>
      </form>
      {proofs.length > 0 ? (
        <>
          <h2>{t.dProofs}</h2>
          <p class="govuk-hint">{t.dRevokeHint}</p>
          <ul class="cards">
            {proofs.slice(0, 30).map((proof) => (
              <li>
                {profiles.get(proof.profile)?.title[language] ?? proof.profile} ·{' '}
                {timeText(language, town.timeZone, proof.issuedAt)} · {proofStanding(proof, t, language, town.timeZone)}
                {proof.revokedAt && !proof.publicFrom ? (
                  ''
                ) : (
                  <form method="post" action="/me/revoke">
                    <Csrf token={session.csrf} />
                    <button type="submit" name="proof" value={proof.id} class="govuk-button govuk-button--secondary">
                      {t.dRevoke}
                    </button>
                  </form>
                )}
              </li>
            ))}
          </ul>
        </>
      ) : (
        ''
      )}
    </Own>
  )
}

const namesOf = (profile: Profile, language: Language) =>
  profile.claims.map((claim) => claimDisplay(claim).find(({ locale }) => locale === language)?.name ?? claim)

/** The proof on the screen: a square, a code, and the same as a paper. */
export function ShowPage(props: {
  visit: OwnVisit
  written: WrittenPaper
  profile: Profile
  /** Prints this very proof as a paper; empty where only the screen is offered. */
  once: string
}) {
  const { visit, written, profile, once } = props
  const { t, language, session } = visit
  return (
    <Own visit={visit} heading={profile.title[language]}>
      <p class="lead">{t.rShowLead}</p>
      <Qr text={written.paper.qr} label={t.rShowLead} />
      <p class="digits code" dir="ltr">
        {written.paper.code}
      </p>
      <p>
        {t.sLearns}: {[t.sLives, ...namesOf(profile, language)].join(', ')}
      </p>
      <p>
        {t.vUntil} {dayText(language, written.paper.expiresOn)}
      </p>
      {once ? (
        <form method="post" action="/me/paper">
          <Csrf token={session.csrf} />
          <input type="hidden" name="once" value={once} />
          <input type="hidden" name="profile" value={profile.id} />
          <button type="submit" class="govuk-button">
            {t.rPdf}
          </button>
        </form>
      ) : (
        ''
      )}
    </Own>
  )
}

/** Everyone who looked, each line checked in the page against the public ledger. */
export function MyLookUpsPage(props: {
  visit: OwnVisit
  lookUps: readonly LookUp[]
  verifier: string
  /** The code of a question that was just asked. */
  asked?: string
}) {
  const { visit, lookUps, verifier, asked } = props
  const { t, session } = visit
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
      <div id="ledger" data-key={verifier} data-proved={t.rProved} data-soon={t.rNotYet} data-broken={t.rBroken}>
        <LookUps
          visit={visit}
          lookUps={lookUps}
          beside={({ entryId, content }) =>
            content.requesterKind === 'resident' ? (
              ''
            ) : (
              <form method="post" action="/me/looked">
                <Csrf token={session.csrf} />
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

/** Devices and sessions, each of which can be removed. */
export function DevicesPage(props: { visit: OwnVisit; devices: readonly Device[]; sessions: readonly OpenSession[] }) {
  const { visit, devices, sessions } = props
  const { t, language, town, session } = visit
  return (
    <Own visit={visit} heading={t.rDevices} script="/assets/me.js">
      <ul class="cards">
        {devices.map((device) => (
          <li>
            <bdi>{device.device}</bdi> · {timeText(language, town.timeZone, device.usedAt ?? device.createdAt)}
            <form method="post" action="/me/devices/forget">
              <Csrf token={session.csrf} />
              <button type="submit" name="handle" value={device.handle} class="govuk-button govuk-button--secondary">
                {t.rForget}
              </button>
            </form>
          </li>
        ))}
      </ul>
      <div id="enrol" data-here="yes" data-no={t.rPhoneNo} data-held={t.rDeviceHeld} data-csrf={session.csrf}>
        <Field name="device" label={t.rDevice} auto />
        <div hidden>
          <Tick name="plain" label={t.dPlain} on={false} />
        </div>
        <button type="button" class="govuk-button">
          {t.rMake}
        </button>
        <p role="status" />
      </div>
      <h2>{t.dSessions}</h2>
      <ul class="cards">
        {sessions.map((one) => (
          <li>
            {timeText(language, town.timeZone, one.signedInAt)} – {timeText(language, town.timeZone, one.lastSeenAt)}
            {one.here ? ` · ${t.dHere}` : ''}
          </li>
        ))}
      </ul>
      <form method="post" action="/me/everywhere">
        <Csrf token={session.csrf} />
        <button type="submit" class="govuk-button">
          {t.rEverywhere}
        </button>
      </form>
    </Own>
  )
}
