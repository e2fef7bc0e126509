import { Qr } from '../counter/page.tsx'
import { purposes } from '../firewall/policies.ts'
import { addressText } from '../proofs/address-text.ts'
import { nameText, PAPER_KINDS } from '../proofs/paper.ts'
import paperTexts from '../proofs/paper-texts.json'
import { profiles } from '../proofs/profiles.ts'
import type { ProofOutline } from '../proofs/proof-list.ts'
import type { Offer } from '../proofs/wallet/offers.ts'
import type { History } from '../registry/history.ts'
import type { LookUp } from '../registry/lookups.ts'
import type { Neighbour } from '../registry/neighbours.ts'
import type { OpenProceeding } from '../registry/proceedings-due.ts'
import { Csrf, DateField, Field, Radios, Select, Tick } from '../ui/form.tsx'
import { LANGUAGES } from '../ui/language.ts'
import { AddressFields } from './register-page.tsx'
import { CaseBox, Desk, type DeskVisit, dayText, languageName, timeText } from './shell.tsx'

type Part = 'now' | 'history' | 'looked' | 'leave'

function Tabs(props: { visit: DeskVisit; id: string; here: Part }) {
  const { t } = props.visit
  const rooms: [Part, string, string][] = [
    ['now', '', t.dWho],
    ['history', '/history', t.dHistory],
    ['looked', '/looked', t.dLooked],
    ['leave', '/leave', t.dLeave],
  ]
  return (
    <nav aria-label={t.dWho}>
      {rooms.map(([part, path, text]) => (
        <a href={`/desk/neighbours/${props.id}${path}`} {...(part === props.here ? { 'aria-current': 'page' } : {})}>
          {text}
        </a>
      ))}
    </nav>
  )
}

/** A neighbour as they are now, and what can be done at the desk. */
export function NeighbourPage(props: {
  visit: DeskVisit
  neighbour: Neighbour
  proofs: readonly ProofOutline[]
  once: string
  registered: boolean
}) {
  const { visit, neighbour, proofs, once, registered } = props
  const { t, language, session, town } = visit
  const {
    id,
    name,
    dateOfBirth,
    address,
    residence,
    household,
    contact,
    languages,
    representative,
    departedOn,
    version,
  } = neighbour
  const action = (what: string) => `/desk/neighbours/${id}/${what}`
  const paper = paperTexts[language]
  const services = [...profiles.values()].map((profile) => [profile.id, profile.title[language]] as const)
  return (
    <Desk visit={visit} title={t.dWho}>
      {registered ? (
        <div class="done" role="status">
          {t.dDone}
        </div>
      ) : (
        ''
      )}
      <h1>
        <bdi>{name ? nameText(name) : '…'}</bdi>
      </h1>
      <Tabs visit={visit} id={id} here="now" />
      <CaseBox visit={visit} to={`/desk/neighbours/${id}`} />
      {departedOn ? <p class="note">{t.dGone.replace('{day}', dayText(language, departedOn))}</p> : ''}
      <dl>
        <dt>{t.dBorn}</dt>
        <dd>{dayText(language, dateOfBirth)}</dd>
        <dt>{t.dWhere}</dt>
        <dd>
          <bdi>{address ? addressText(address) : '–'}</bdi>
        </dd>
        <dt>{t.dSince}</dt>
        <dd>{dayText(language, residence?.residentSince)}</dd>
        {contact ? (
          <>
            <dt>{t.dPhone}</dt>
            <dd>
              <bdi>{Object.values(contact).join(', ')}</bdi>
            </dd>
          </>
        ) : (
          ''
        )}
        {languages?.length ? (
          <>
            <dt>{t.dSpeaks}</dt>
            <dd>{languages.map(languageName).join(', ')}</dd>
          </>
        ) : (
          ''
        )}
        {representative ? (
          <>
            <dt>{t.dRepresentative}</dt>
            <dd>
              <bdi>{representative.name ?? '…'}</bdi>
            </dd>
          </>
        ) : (
          ''
        )}
        {household ? (
          <>
            <dt>{t.dHousehold}</dt>
            <dd>
              {t.dAlone.replace('{n}', String(household.size))} ·{' '}
              <a href={`/desk/register?household=${household.id}`}>{t.dAddHere}</a>
            </dd>
          </>
        ) : (
          ''
        )}
      </dl>

      <h2>{t.dHandOver}</h2>
      <div class="pair">
        <form method="post" action={action('papers')} target="_blank" rel="noopener">
          <Csrf token={session.csrf} />
          <input type="hidden" name="once" value={once} />
          <h3>{t.dPrint}</h3>
          <Select name="kind" label={t.dPaperKind} options={PAPER_KINDS.map((kind) => [kind, paper[kind]] as const)} />
          <Select
            name="language"
            label={t.dSpeaks}
            value={languages?.find((code) => code in LANGUAGES) ?? town.languages[0] ?? language}
            options={Object.entries(LANGUAGES).map(([code, { name: own }]) => [code, own] as const)}
          />
          <button type="submit">{t.dPrint}</button>
        </form>
        <form method="post" action={action('wallet')}>
          <Csrf token={session.csrf} />
          <h3>{t.dWallet}</h3>
          <Select name="profile" label={t.dService} options={services} />
          <button type="submit">{t.dWallet}</button>
        </form>
        <form method="post" action={action('portal')}>
          <Csrf token={session.csrf} />
          <input type="hidden" name="once" value={once} />
          <h3>{t.rEnrol}</h3>
          <p class="hint">{t.rEnrolHint}</p>
          <p class="buttons">
            <button type="submit" name="what" value="phone">
              {t.rPhone}
            </button>
            <button type="submit" name="what" value="card">
              {t.rCard}
            </button>
          </p>
        </form>
      </div>
      {proofs.length > 0 ? (
        <>
          <h3>{t.dProofs}</h3>
          <ul class="cards">
            {proofs.slice(0, 20).map((proof) => (
              <li>
                {profiles.get(proof.profile)?.title[language] ?? proof.profile} ·{' '}
                {timeText(language, town.timeZone, proof.issuedAt)} ·{' '}
                <strong>{proof.revokedAt ? t.dTaken : t.dInForce}</strong>
                {proof.revokedAt ? (
                  ''
                ) : (
                  <form method="post" action={action('revoke')}>
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

      <details>
        <summary>{t.dCorrect}</summary>
        <form method="post" action={action('correct')}>
          <Csrf token={session.csrf} />
          <input type="hidden" name="version" value={String(version)} />
          <p class="hint">{t.dCorrectLead}</p>
          <Field name="given" label={t.dGiven} value={name?.given ?? ''} auto />
          <Field name="family" label={t.dFamily} value={name?.family?.join(' ') ?? ''} auto />
          <DateField
            name="born"
            legend={t.dBorn}
            labels={{ day: t.dDay, month: t.dMonth, year: t.dYear }}
            value={(part) =>
              (dateOfBirth ?? '').replace('~', '').split('-')[['year', 'month', 'day'].indexOf(part)] ?? ''
            }
          />
          <Tick name="about" label={t.dAbout} on={dateOfBirth?.endsWith('~') ?? false} />
          <Field name="contact" label={t.dPhone} value={Object.values(contact ?? {}).join(', ')} />
          <Select
            name="speaks"
            label={t.dSpeaks}
            value={languages?.[0] ?? ''}
            options={[['', '–'], ...Object.entries(LANGUAGES).map(([code, { name: own }]) => [code, own] as const)]}
          />
          <Tick name="protected" label={t.dProtect} on={false} />
          <button type="submit">{t.dSave}</button>
        </form>
      </details>
      <details>
        <summary>{t.dMove}</summary>
        <form method="post" action={action('move')}>
          <Csrf token={session.csrf} />
          <input type="hidden" name="version" value={String(version)} />
          <input type="hidden" name="once" value={once} />
          <AddressFields visit={visit} typed={{}} />
          <DateField
            name="since"
            legend={t.dSince}
            hint={t.dSinceHint}
            labels={{ day: t.dDay, month: t.dMonth, year: t.dYear }}
            value={() => ''}
          />
          <button type="submit">{t.dMove}</button>
        </form>
      </details>
    </Desk>
  )
}

/** What was true, and when the registry learned it. */
export function HistoryPage(props: { visit: DeskVisit; history: History }) {
  const { visit, history } = props
  const { t, language, town } = visit
  const causes: Record<string, string> = {
    death: t.dDied,
    'moved-away': t.dMovedAway,
    duplicate: t.dDuplicate,
    'wrongly-registered': t.dWrongly,
    address: t.dMove,
    'personal-data': t.dCorrect,
  }
  return (
    <Desk visit={visit} title={t.dHistory}>
      <h1>{t.dHistory}</h1>
      <Tabs visit={visit} id={history.id} here="history" />
      <ol class="timeline">
        {history.movements.map((movement) => (
          <li>
            <strong>
              {movement.movement === 'registration' ? t.dRegister : (causes[movement.cause] ?? movement.cause)}
            </strong>
            <br />
            {t.dTrue} {dayText(language, movement.effectiveOn)} · {t.dKnown}{' '}
            {timeText(language, town.timeZone, movement.recordedAt)}
          </li>
        ))}
      </ol>
      <h2>{t.dWhere}</h2>
      <ol class="timeline">
        {history.residences.map((period) => (
          <li>
            {dayText(language, period.validFrom)} – {dayText(language, period.validTo)}
            {period.supersededAt
              ? ` (${t.dKnown} ${timeText(language, town.timeZone, period.recordedAt)} – ${timeText(language, town.timeZone, period.supersededAt)})`
              : ''}
          </li>
        ))}
      </ol>
    </Desk>
  )
}

/** Who opened the record, why, and what they saw. */
export function LookUps(props: { visit: Pick<DeskVisit, 't' | 'language' | 'town'>; lookUps: readonly LookUp[] }) {
  const { visit, lookUps } = props
  const { t, language, town } = visit
  const who: Record<string, string> = {
    staff: t.whoStaff,
    client: t.whoClient,
    resident: t.whoResident,
    job: t.whoJob,
    authority: t.whoAuthority,
  }
  return (
    <ol class="timeline">
      {lookUps.map(({ at, content, leafHash }) => (
        <li data-leaf={leafHash}>
          <strong>{timeText(language, town.timeZone, at)}</strong> ·{' '}
          {who[content.requesterKind] ?? content.requesterKind}
          {content.outcome === 'refused' ? ` · ${t.dRefused}` : ''}
          <br />
          {purposes.get(content.purpose)?.title[language] ?? t.whyOther}
          <br />
          <small dir="ltr">{content.fields.join(', ')}</small>
        </li>
      ))}
    </ol>
  )
}

export function LookedPage(props: { visit: DeskVisit; id: string; lookUps: readonly LookUp[] }) {
  const { visit, id, lookUps } = props
  return (
    <Desk visit={visit} title={visit.t.dLooked}>
      <h1>{visit.t.dLooked}</h1>
      <Tabs visit={visit} id={id} here="looked" />
      <LookUps visit={visit} lookUps={lookUps} />
    </Desk>
  )
}

/** A departure: at once for death and moving away, a proceeding for the rest. */
export function LeavePage(props: {
  visit: DeskVisit
  id: string
  version: number
  proceedings: readonly OpenProceeding[]
  once: string
}) {
  const { visit, id, version, proceedings, once } = props
  const { t, session } = visit
  return (
    <Desk visit={visit} title={t.dLeave}>
      <h1>{t.dLeave}</h1>
      <Tabs visit={visit} id={id} here="leave" />
      {proceedings.map((proceeding) => (
        <ProceedingBox visit={visit} proceeding={proceeding} once={once} />
      ))}
      {proceedings.length > 0 ? (
        ''
      ) : (
        <form method="post" action={`/desk/neighbours/${id}/leave`}>
          <Csrf token={session.csrf} />
          <input type="hidden" name="once" value={once} />
          <input type="hidden" name="version" value={String(version)} />
          <Radios
            name="cause"
            legend={t.dReason}
            value=""
            choices={[
              { value: 'death', label: t.dDied },
              { value: 'moved-away', label: t.dMovedAway },
              { value: 'duplicate', label: t.dDuplicate },
              { value: 'wrongly-registered', label: t.dWrongly },
            ]}
          />
          <DateField
            name="on"
            legend={t.dOn}
            labels={{ day: t.dDay, month: t.dMonth, year: t.dYear }}
            value={() => ''}
          />
          <Field name="reason" label={t.dReason} lines={3} />
          <button type="submit">{t.dSave}</button>
        </form>
      )}
    </Desk>
  )
}

/** A departure under way: what was told, when it can be decided, and by whom. */
export function ProceedingBox(props: { visit: DeskVisit; proceeding: OpenProceeding; once: string }) {
  const { visit, proceeding, once } = props
  const { t, language, session, requester } = visit
  const action = (what: string) => `/desk/neighbours/${proceeding.neighbourId}/proceedings/${proceeding.id}/${what}`
  return (
    <section class="note">
      <p>
        <a href={`/desk/neighbours/${proceeding.neighbourId}`}>
          <bdi>{proceeding.name ? nameText(proceeding.name) : '…'}</bdi>
        </a>{' '}
        · {proceeding.cause === 'duplicate' ? t.dDuplicate : t.dWrongly}
      </p>
      <p>{t.dProceeding}</p>
      {proceeding.effectiveFrom ? (
        <p>{t.dDecideAfter.replace('{day}', dayText(language, proceeding.effectiveFrom))}</p>
      ) : (
        <form method="post" action={action('notice')}>
          <Csrf token={session.csrf} />
          <input type="hidden" name="once" value={once} />
          <DateField
            name="told"
            legend={t.dNotice}
            labels={{ day: t.dDay, month: t.dMonth, year: t.dYear }}
            value={() => ''}
          />
          <button type="submit">{t.dSave}</button>
        </form>
      )}
      <form method="post" action={action('decision')}>
        <Csrf token={session.csrf} />
        <input type="hidden" name="once" value={once} />
        <p class="buttons">
          {proceeding.openedBy !== requester.id && proceeding.effectiveFrom ? (
            <button type="submit" name="decision" value="approved">
              {t.dApprove}
            </button>
          ) : (
            ''
          )}
          <button type="submit" name="decision" value="withdrawn" class="quiet">
            {t.dWithdraw}
          </button>
        </p>
      </form>
    </section>
  )
}

/** What a wallet scans, and the digits that go with it. */
export function WalletPage(props: { visit: DeskVisit; id: string; offer: Offer }) {
  const { visit, id, offer } = props
  const { t } = visit
  return (
    <Desk visit={visit} title={t.dWallet}>
      <h1>{t.dWallet}</h1>
      <p class="lead">{t.dWalletLead}</p>
      <Qr text={offer.offer} label={t.cScan} />
      <p class="digits" dir="ltr">
        {offer.transactionCode}
      </p>
      <p>
        <a href={`/desk/neighbours/${id}`}>{t.dBack}</a>
      </p>
    </Desk>
  )
}
