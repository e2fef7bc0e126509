import { Qr } from '../counter/page.tsx'
import { addressText } from '../proofs/address-text.ts'
import { nameText, PAPER_KINDS } from '../proofs/paper.ts'
import { paperTexts } from '../proofs/paper-words.ts'
import { profiles } from '../proofs/profiles.ts'
import type { ProofOutline } from '../proofs/proof-list.ts'
import type { Offer } from '../proofs/wallet/offers.ts'
import type { Neighbour } from '../registry/neighbours.ts'
import type { UnderWay } from '../registry/proceedings-due.ts'
import { Csrf, Field, Select } from '../ui/form.tsx'
import { LANGUAGES } from '../ui/language.ts'
import { LanguageSelect } from '../ui/language-select.tsx'
import { Done, Fact, Facts } from '../ui/parts.tsx'
import { Correct } from './correcting.tsx'
import { SaidBoxes } from './dates.tsx'
import { EraseBox } from './erasures.tsx'
import { Tabs } from './neighbour-past-page.tsx'
import { ProofList } from './proof-list.tsx'
import { withinCase } from './purpose.ts'
import { Reading } from './reading.tsx'
import { tieKinds } from './representatives.tsx'
import { deskScript } from './script.ts'
import { Settle } from './settling.tsx'
import { bornText, CaseBox, Desk, type DeskVisit, dayText, languageName, proofStanding, timeText } from './shell.tsx'

interface PageProps {
  visit: DeskVisit
  neighbour: Neighbour
  proofs: readonly ProofOutline[]
  once: string
  registered: boolean
  /** Whether how to reach them and who acts for them was opened too. */
  reach: boolean
}

const action = ({ neighbour }: PageProps, what: string) => `/desk/neighbours/${neighbour.id}/${what}`

/** A neighbour as they are now, and what the reason of the case lets one do at the desk. */
export function NeighbourPage(props: PageProps) {
  const { visit, neighbour, proofs, once, registered, reach } = props
  const { t, language, session } = visit
  const {
    id,
    name,
    dateOfBirth,
    address,
    residence,
    said,
    household,
    contact,
    languages,
    representatives,
    departedOn,
    heardOn,
    underWay,
  } = neighbour
  const { may, opens } = withinCase(visit.requester)
  const actsAs: Record<string, string> = Object.fromEntries(tieKinds(t))
  const closed = (['contact', 'representatives'] as const)
    .filter(opens)
    .map((field) => t[`f${field}`])
    .join(', ')
  return (
    <Desk visit={visit} title={t.dWho} script={deskScript.address}>
      {registered ? (
        <Done>
          {t.dDone}
          {said?.length ? ` ${t.zKept}` : ''}
        </Done>
      ) : (
        ''
      )}
      <h1>
        <bdi>{name ? nameText(name, t.newbornOf) : '…'}</bdi>
        <Reading name={name} />
      </h1>
      <Tabs visit={visit} id={id} here="now" />
      <CaseBox visit={visit} to={`/desk/neighbours/${id}`} />
      {underWay ? <BeingDecided visit={visit} id={id} underWay={underWay} /> : ''}
      {departedOn ? <p class="govuk-inset-text">{t.dGone.replace('{day}', dayText(language, departedOn))}</p> : ''}
      <Facts>
        <Fact name={t.dBorn}>{bornText(language, dateOfBirth)}</Fact>
        <Fact name={t.dWhere}>
          <bdi>{address ? addressText(address) : '–'}</bdi>
          {address && 'coordinates' in address && address.coordinates ? (
            <small dir="ltr">
              {address.coordinates.latitude}, {address.coordinates.longitude}
            </small>
          ) : (
            ''
          )}
        </Fact>
        <Fact name={t.dSince}>{dayText(language, residence?.residentSince)}</Fact>
        {languages?.length ? <Fact name={t.dSpeaks}>{languages.map(languageName).join(', ')}</Fact> : ''}
        {reach && opens('contact') ? (
          <Fact name={t.fcontact}>
            <bdi>{Object.values(contact ?? {}).join(', ') || '–'}</bdi>
          </Fact>
        ) : (
          ''
        )}
        {reach && opens('representatives') ? (
          <Fact name={t.frepresentatives}>
            {representatives?.length ? (
              <a href={`/desk/neighbours/${id}/representatives`}>
                <bdi>{representatives.map((one) => one.name ?? actsAs[one.kind]).join(', ')}</bdi>
              </a>
            ) : (
              '–'
            )}
          </Fact>
        ) : (
          ''
        )}
        {reach || !closed ? (
          ''
        ) : (
          <Fact name={closed}>
            <a href={`/desk/neighbours/${id}?open=reach`}>{t.dOpenPart}</a>
          </Fact>
        )}
        <Fact name={t.dHeard}>
          {dayText(language, heardOn)}
          {departedOn || !may('confirm') ? (
            ''
          ) : (
            <form method="post" action={action(props, 'confirm')}>
              <Csrf token={session.csrf} />
              <input type="hidden" name="once" value={once} />
              <button type="submit" class="govuk-button govuk-button--secondary">
                {t.dConfirm}
              </button>
            </form>
          )}
        </Fact>
        {household ? (
          <Fact name={t.dHousehold}>
            {t.dAlone.replace('{n}', String(household.size))} ·{' '}
            <a href={`/desk/register?household=${household.id}`}>{t.dAddHere}</a>
          </Fact>
        ) : (
          ''
        )}
      </Facts>

      {may('correct-time') ? (
        <SaidBoxes visit={visit} id={id} version={neighbour.version} said={said ?? []} once={once} />
      ) : (
        ''
      )}
      {may('prove') || may('enrol') ? <HandOver {...props} /> : ''}
      {proofs.length > 0 ? <Proofs {...props} /> : ''}
      {departedOn && visit.requester.role === 'supervisor' ? <EraseBox visit={visit} id={id} once={once} /> : ''}
      {may('join') ? (
        <p>
          <a href={`/desk/neighbours/${id}/join`}>{t.dJoin}</a>
        </p>
      ) : (
        ''
      )}
      {may('undo') && neighbour.ownLast ? (
        <p>
          <a href={`/desk/neighbours/${id}/undo`}>{t.dUndo}</a>
        </p>
      ) : (
        ''
      )}
      {may('hide') && (!neighbour.protected || visit.requester.role === 'supervisor') && visit.hiding !== 'held' ? (
        <p>
          <a href={`/desk/neighbours/${id}/protection`}>{neighbour.protected ? t.dShowAgain : t.dHide}</a>
        </p>
      ) : (
        ''
      )}
      {may('correct') ? <Correct visit={visit} neighbour={neighbour} reach={reach} /> : ''}
      {may('move') ? <Settle visit={visit} neighbour={neighbour} once={once} /> : ''}
      {['prove', 'enrol', 'correct', 'move'].every(may) ? '' : <p class="govuk-inset-text">{t.dClosedFor}</p>}
    </Desk>
  )
}

/** That a departure is being decided, before anything else. */
function BeingDecided(props: { visit: DeskVisit; id: string; underWay: UnderWay }) {
  const { visit, id, underWay } = props
  const { t, language } = visit
  return (
    <section class="govuk-inset-text">
      <p>{t.dProceeding}</p>
      <p>
        <a href={`/desk/neighbours/${id}/leave`}>
          {underWay.answerBy ? t.lUntil.replace('{day}', dayText(language, underWay.answerBy)) : t.lNoNotice}
        </a>
        {underWay.unread ? ` ${t.lUnread}` : ''}
      </p>
    </section>
  )
}

/** What is handed over: papers, proofs for a wallet, the way into their own page. */
function HandOver(props: PageProps) {
  const { visit, neighbour, once } = props
  const { t, language, session, town, requester } = visit
  const { languages, departedOn } = neighbour
  const { may } = withinCase(requester)
  const paper = paperTexts[language]
  const services = [...profiles.values()].map((profile) => [profile.id, profile.title[language]] as const)
  return (
    <>
      <h2>{t.dHandOver}</h2>
      <div class="pair">
        {departedOn || !may('prove') ? (
          ''
        ) : (
          <>
            <form method="post" action={action(props, 'papers')} target="_blank" rel="noopener">
              <Csrf token={session.csrf} />
              <input type="hidden" name="once" value={once} />
              <h3>{t.dPrint}</h3>
              <Select
                name="kind"
                label={t.dPaperKind}
                options={PAPER_KINDS.map((kind) => [kind, paper[kind]] as const)}
              />
              <LanguageSelect
                label={t.dSpeaks}
                value={languages?.find((code) => code in LANGUAGES) ?? town.languages[0] ?? language}
              />
              <button type="submit" class="govuk-button">
                {t.dPrint}
              </button>
              <p>
                <a
                  href={`/rights.pdf?lang=${languages?.find((code) => code in LANGUAGES) ?? language}`}
                  target="_blank"
                  rel="noopener"
                >
                  {t.yPdf}
                </a>
              </p>
            </form>
            <form method="post" action={action(props, 'wallet')}>
              <Csrf token={session.csrf} />
              <h3>{t.dWallet}</h3>
              <Select name="profile" label={t.dService} options={services} />
              <button type="submit" class="govuk-button">
                {t.dWallet}
              </button>
            </form>
          </>
        )}
        {may('enrol') ? (
          <form method="post" action={action(props, 'portal')}>
            <Csrf token={session.csrf} />
            <input type="hidden" name="once" value={once} />
            <h3>{t.rEnrol}</h3>
            <p class="govuk-hint">{t.rEnrolHint}</p>
            <Field name="word" label={t.iWord} auto />
            <p class="govuk-button-group">
              <button type="submit" name="what" value="phone" class="govuk-button">
                {t.rPhone}
              </button>
              <button type="submit" name="what" value="card" class="govuk-button">
                {t.rCard}
              </button>
              <button type="submit" name="what" value="cancel" class="govuk-button govuk-button--secondary">
                {t.rLost}
              </button>
            </p>
            <p>
              <a href={action(props, 'ways-in')}>{t.iTitle}</a>
            </p>
          </form>
        ) : (
          ''
        )}
      </div>
      <p>
        <a href="/desk/complaints">{t.wDesk}</a>
      </p>
    </>
  )
}

/** Proofs in force, and those taken back. */
function Proofs(props: PageProps) {
  const { visit, proofs } = props
  const { t, language, session, town, requester } = visit
  const { may } = withinCase(requester)
  return (
    <>
      <h3>{t.dProofs}</h3>
      {proofs.length > 0 ? <p class="govuk-hint">{t.dRevokeHint}</p> : ''}
      <ProofList
        proofs={proofs}
        over={t.dProofsOver}
        line={(proof) => (
          <>
            {profiles.get(proof.profile)?.title[language] ?? proof.profile} ·{' '}
            {timeText(language, town.timeZone, proof.issuedAt)} ·{' '}
            <strong>{proofStanding(proof, t, language, town.timeZone)}</strong>
            {(proof.revokedAt && !proof.publicFrom) || !may('revoke') ? (
              ''
            ) : (
              <form method="post" action={action(props, 'revoke')}>
                <Csrf token={session.csrf} />
                <button type="submit" name="proof" value={proof.id} class="govuk-button govuk-button--secondary">
                  {t.dRevoke}
                </button>
              </form>
            )}
          </>
        )}
      />
    </>
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
