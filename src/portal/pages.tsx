import { Qr } from '../counter/page.tsx'
import { LookUps } from '../desk/neighbour-page.tsx'
import { dayText, languageName, timeText } from '../desk/shell.tsx'
import type { Device } from '../identity/passkeys.ts'
import type { OpenSession } from '../identity/sessions.ts'
import { addressText } from '../proofs/address-text.ts'
import { nameText, type PrintedPaper } from '../proofs/paper.ts'
import { type Profile, profiles } from '../proofs/profiles.ts'
import type { ProofOutline } from '../proofs/proof-list.ts'
import { claimDisplay } from '../proofs/wallet/metadata.ts'
import type { History } from '../registry/history.ts'
import type { LookUp } from '../registry/lookups.ts'
import type { Notice } from '../registry/notices.ts'
import { Csrf, Field, Select, Tick } from '../ui/form.tsx'
import { LANGUAGES, type Language, LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { Own, type OwnVisit } from './shell.tsx'

/** The door: a card, or a telephone that was enrolled. */
export function EntrancePage(props: {
  town: string
  language: Language
  to: string
  nonce: string
  refused?: boolean
}) {
  const { town, language, to, nonce, refused } = props
  const t = LOCALES[language]
  return (
    <Page title={town} language={language} town={town} script={{ src: '/assets/me.js', nonce }}>
      <Languages language={language} path="/me/in" />
      <h1>{t.rEnter}</h1>
      <p class="lead">{t.rEnterLead}</p>
      {refused ? (
        <div class="summary" role="alert">
          <p>{t.rCardNo}</p>
        </div>
      ) : (
        ''
      )}
      <div id="phone" hidden data-to={to} data-no={t.rPhoneNo}>
        <button type="button">{t.rWithPhone}</button>
        <p role="status" />
      </div>
      <h2>{t.rWithCard}</h2>
      <form method="post" action={`/me/in?lang=${language}`}>
        <input type="hidden" name="to" value={to} />
        <Field name="code" label={t.rCardCode} required />
        <Field name="word" label={t.rCardWord} required auto />
        <Tick name="elsewhere" label={t.rNotMine} on={false} />
        <button type="submit">{t.rEnter}</button>
      </form>
      <p>
        <a href={`/complain?lang=${language}`}>{t.kTitle}</a>
      </p>
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
      <div id="enrol" data-no={t.rPhoneNo}>
        <Field name="device" label={t.rDevice} auto />
        <button type="button">{t.rMake}</button>
        <p role="status" />
      </div>
    </Page>
  )
}

/** Three taps: get a proof, for this service, show. */
export function HomePage(props: { visit: OwnVisit; notices: readonly Notice[] }) {
  const { visit, notices } = props
  const { t, language, town } = visit
  return (
    <Own visit={visit} heading={t.rHello}>
      <p>
        <a class="button" href="/me/proof">
          {t.rGet}
        </a>
      </p>
      <ul class="cards">
        <li>
          <a href="/me/record">{t.rRecord}</a>
        </li>
        <li>
          <a href="/me/looked">{t.dLooked}</a>
        </li>
        <li>
          <a href="/me/devices">{t.rDevices}</a>
        </li>
        <li>
          <a href="/complain">{t.kTitle}</a>
        </li>
      </ul>
      <h2>{t.rMessages}</h2>
      {notices.length === 0 ? <p>{t.rNoMessages}</p> : ''}
      {notices.map((notice) => (
        <p class="note">
          {timeText(language, town.timeZone, notice.at)}: {t.rNoticeOrder}
        </p>
      ))}
    </Own>
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
              <button type="submit" name="profile" value={profile.id} aria-describedby={`learns-${profile.id}`}>
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
          <ul class="cards">
            {proofs.slice(0, 30).map((proof) => (
              <li>
                {profiles.get(proof.profile)?.title[language] ?? proof.profile} ·{' '}
                {timeText(language, town.timeZone, proof.issuedAt)} · {proof.revokedAt ? t.dTaken : t.dInForce}
                {proof.revokedAt ? (
                  ''
                ) : (
                  <form method="post" action="/me/revoke">
                    <Csrf token={session.csrf} />
                    <button type="submit" name="proof" value={proof.id} class="quiet">
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
  printed: Pick<PrintedPaper, 'paper'>
  profile: Profile
  once: string
}) {
  const { visit, printed, profile, once } = props
  const { t, language, session } = visit
  return (
    <Own visit={visit} heading={profile.title[language]}>
      <p class="lead">{t.rShowLead}</p>
      <Qr text={printed.paper.qr} label={t.rShowLead} />
      <p class="digits code" dir="ltr">
        {printed.paper.code}
      </p>
      <p>
        {t.sLearns}: {[t.sLives, ...namesOf(profile, language)].join(', ')}
      </p>
      <p>
        {t.vUntil} {dayText(language, printed.paper.expiresOn)}
      </p>
      <form method="post" action="/me/paper">
        <Csrf token={session.csrf} />
        <input type="hidden" name="once" value={once} />
        <input type="hidden" name="profile" value={profile.id} />
        <button type="submit">{t.rPdf}</button>
      </form>
    </Own>
  )
}

/** The record as the city sees it, and its history. */
export function RecordPage(props: { visit: OwnVisit; history: History }) {
  const { visit, history } = props
  const { t, language, town, session } = visit
  const { name, dateOfBirth, address, residence, household, contact, languages, representative } = history.state
  const lines: [string, string][] = [
    [t.dGiven, name ? nameText(name) : '–'],
    [t.dBorn, dayText(language, dateOfBirth)],
    [t.dWhere, address ? addressText(address) : '–'],
    [t.dSince, dayText(language, residence?.residentSince)],
    [t.dHousehold, t.dAlone.replace('{n}', String(household?.size ?? 0))],
    [t.dPhone, Object.values(contact ?? {}).join(', ') || '–'],
    [t.dSpeaks, (languages ?? []).map(languageName).join(', ') || '–'],
    [t.dRepresentative, representative?.name ?? '–'],
  ]
  return (
    <Own visit={visit} heading={t.rRecord}>
      <dl>
        {lines.map(([label, value]) => (
          <>
            <dt>{label}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </>
        ))}
      </dl>
      <p class="note">{t.sNeverText}</p>
      <h2>{t.dHistory}</h2>
      <ol class="timeline">
        {history.movements.map((movement) => (
          <li>
            {movement.movement === 'registration'
              ? t.dRegister
              : movement.cause === 'address'
                ? t.dMove
                : movement.cause === 'personal-data'
                  ? t.dCorrect
                  : t.dLeave}
            <br />
            {t.dTrue} {dayText(language, movement.effectiveOn)} · {t.dKnown}{' '}
            {timeText(language, town.timeZone, movement.recordedAt)}
          </li>
        ))}
      </ol>
      <form method="post" action="/me/everything">
        <Csrf token={session.csrf} />
        <button type="submit">{t.rDownload}</button>
      </form>
      <p>
        <a href="/complain?kind=wrong-data">{t.kWrong}</a>
      </p>
    </Own>
  )
}

/** Everyone who looked, each line checked in the page against the public ledger. */
export function MyLookUpsPage(props: { visit: OwnVisit; lookUps: readonly LookUp[]; verifier: string }) {
  const { visit, lookUps, verifier } = props
  const { t } = visit
  return (
    <Own visit={visit} heading={t.dLooked} script="/assets/ledger.js">
      <p class="lead">{t.rLookedLead}</p>
      <div id="ledger" data-key={verifier} data-proved={t.rProved} data-soon={t.rNotYet} data-broken={t.rBroken}>
        <LookUps visit={visit} lookUps={lookUps} />
      </div>
      <p>
        <a href="/complain?kind=who-looked">{t.rAsk}</a>
      </p>
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
              <button type="submit" name="handle" value={device.handle} class="quiet">
                {t.rForget}
              </button>
            </form>
          </li>
        ))}
      </ul>
      <div id="enrol" data-here="yes" data-no={t.rPhoneNo} data-csrf={session.csrf}>
        <Field name="device" label={t.rDevice} auto />
        <button type="button">{t.rMake}</button>
        <p role="status" />
      </div>
      <h2>{t.dSessions}</h2>
      <ul class="cards">
        {sessions.map((one) => (
          <li>
            <bdi>{one.device ?? ''}</bdi> {timeText(language, town.timeZone, one.signedInAt)} –{' '}
            {timeText(language, town.timeZone, one.lastSeenAt)}
            {one.here ? ` · ${t.dHere}` : ''}
          </li>
        ))}
      </ul>
      <form method="post" action="/me/everywhere">
        <Csrf token={session.csrf} />
        <button type="submit">{t.rEverywhere}</button>
      </form>
    </Own>
  )
}

/** The form anyone may send, and the code to follow it by. */
export function ComplainPage(props: {
  town: string
  language: Language
  kind?: string
  sent?: string | undefined
  followed?: { dueOn: string; answer: string | undefined; escalated: boolean } | 'none' | undefined
  code?: string
}) {
  const { town, language, kind = 'refused', sent, followed, code } = props
  const t = LOCALES[language]
  return (
    <Page title={town} language={language} town={town}>
      <Languages language={language} path="/complain" />
      <h1>{t.kTitle}</h1>
      {sent ? (
        <div class="done" role="status">
          <p>{t.kSent}</p>
          <p class="digits code" dir="ltr">
            {sent}
          </p>
        </div>
      ) : (
        ''
      )}
      {followed === 'none' ? (
        <div class="summary" role="alert">
          <p>{t.kNone}</p>
        </div>
      ) : followed ? (
        <div class="done" role="status">
          {followed.answer ? (
            <>
              <h2>{t.kAnswered}</h2>
              <p dir="auto">{followed.answer}</p>
            </>
          ) : (
            <p>{t.kWaiting.replace('{day}', dayText(language, followed.dueOn))}</p>
          )}
          {followed.escalated ? <p>{t.kEscalated}</p> : ''}
          {followed.answer && !followed.escalated ? (
            <form method="post" action={`/complain/follow?lang=${language}`}>
              <input type="hidden" name="code" value={code} />
              <button type="submit" name="escalate" value="yes" class="quiet">
                {t.kEscalate}
              </button>
            </form>
          ) : (
            ''
          )}
        </div>
      ) : (
        ''
      )}
      <p class="lead">{t.kLead}</p>
      <form method="post" action={`/complain?lang=${language}`}>
        <Select name="kind" label={t.kKind} value={kind} options={kindNames(language)} />
        <Field name="text" label={t.kText} lines={6} required auto />
        <Select
          name="language"
          label={t.dSpeaks}
          value={language}
          options={Object.entries(LANGUAGES).map(([tag, { name: own }]) => [tag, own] as const)}
        />
        <button type="submit">{t.kSend}</button>
      </form>
      <h2>{t.kFollow}</h2>
      <form method="post" action={`/complain/follow?lang=${language}`}>
        <Field name="code" label={t.kFollow} required />
        <button type="submit">{t.vGo}</button>
      </form>
    </Page>
  )
}

export const kindNames = (language: Language) => {
  const t = LOCALES[language]
  return [
    ['refused', t.kRefused],
    ['asked-about-papers', t.kPapers],
    ['wrong-data', t.kWrong],
    ['who-looked', t.kLooked],
    ['change', t.kChange],
    ['suggestion', t.kSuggest],
    ['other', t.kOther],
  ] as const
}

/** What a service needs to check proofs: nothing. */
export function ProvidersPage(props: { town: string; language: Language }) {
  const { town, language } = props
  const t = LOCALES[language]
  return (
    <Page title={`${t.oTitle} · ${town}`} language={language} town={town}>
      <Languages language={language} path="/providers" />
      <h1>{t.oTitle}</h1>
      <p class="lead">{t.oLead}</p>
      <p>
        <a class="button" href={`/v?lang=${language}`}>
          {t.vTitle}
        </a>
      </p>
      <h2>{t.oDesk}</h2>
      <ul>
        {[...profiles.values()].map((profile) => (
          <li>
            <a href={`/counter/${profile.id}?lang=${language}`}>{profile.title[language]}</a>
          </li>
        ))}
      </ul>
      <h2>{t.oCode}</h2>
      <pre dir="ltr">{`import { verifyProof } from 'padron/verify'\n\nconst { claims } = await verifyProof(token, { issuer, service: 'library' })`}</pre>
      <p>
        <a href="/services">{t.sTitle}</a> · <a href="/docs">{t.api}</a>
      </p>
      <h2>{t.oMachine}</h2>
      <p>{t.oMachineText}</p>
      <p>
        <a href="/firewall">{t.firewallLink}</a>
      </p>
    </Page>
  )
}
