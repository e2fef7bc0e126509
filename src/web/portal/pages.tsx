import { isToldWhere } from '../../firewall/requester.ts'
import { listText } from '../../platform/counted.ts'
import { saysWhere } from '../../proofs/claims.ts'
import type { ProofOutline } from '../../proofs/list-proofs.ts'
import type { WrittenPaper } from '../../proofs/paper/paper.ts'
import { type Profile, profiles } from '../../proofs/profiles.ts'
import { claimDisplay } from '../../proofs/wallet/metadata.ts'
import type { ReportedOrganisation } from '../../requests/service-reports.ts'
import { ProofList } from '../record/proof-list.tsx'
import { dayText } from '../record/texts.ts'
import { Button, PostForm } from '../ui/form.tsx'
import type { Language } from '../ui/language.ts'
import { Qr } from '../ui/qr-code.tsx'
import { ServiceReport } from './service-report-pages.tsx'
import { Own, type OwnContext } from './shell.tsx'

/** Each service by name, and exactly what it will learn. */
export function ChoosePage(props: {
  context: OwnContext
  idempotencyKey: string
  proofs: readonly ProofOutline[]
  givers: ReadonlyMap<string, ReportedOrganisation[]>
}) {
  const { context, idempotencyKey, proofs, givers } = props
  const had = [...profiles.values()].filter(({ id }) => proofs.some(({ profile }) => profile === id))
  const { t, language, session } = context
  const told = isToldWhere(context.requester)
  const mine = [...profiles.values()].filter(
    (profile) => profile.askedBy !== 'representative' && (told || !saysWhere(profile)),
  )
  return (
    <Own context={context} heading={t['entrance.get']}>
      <p class="lead">{t['entrance.getLead']}</p>
      <PostForm action="/me/proof" csrf={session.csrf}>
        <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
        <ul class="cards">
          {mine.map((profile) => (
            <li>
              <Button name="profile" value={profile.id} aria-describedby={`learns-${profile.id}`}>
                {profile.title[language]}
              </Button>
              <p id={`learns-${profile.id}`}>
                {t['services.learns']}: {listText(language, [t['services.lives'], ...namesOf(profile, language)])}
              </p>
            </li>
          ))}
        </ul>
      </PostForm>
      {proofs.length > 0 ? (
        <>
          <h2>{t['desk.proofs']}</h2>
          <p class="govuk-hint">{t['desk.revokeHint']}</p>
          <ProofList context={context} proofs={proofs} over={t['desk.proofsOver']} revoke="/me/revoke" />
          <h2 id="service">{t['serviceReport.ask']}</h2>
          <p>{t['serviceReport.lead']}</p>
          <ul class="cards">
            {had.map((profile) => (
              <li>
                <strong>{profile.title[language]}</strong>
                <ServiceReport language={language} service={profile.id} givers={givers.get(profile.id) ?? []} />
              </li>
            ))}
          </ul>
        </>
      ) : (
        ''
      )}
      <p>
        <a href={`/complain/service?lang=${language}`}>{t['complaint.service']}</a>
      </p>
    </Own>
  )
}

const namesOf = (profile: Profile, language: Language) =>
  profile.claims.map((claim) => claimDisplay(claim).find(({ locale }) => locale === language)?.name ?? claim)

/** The proof on the screen: a QR code, a check code, and the same as a paper. */
export function ShowPage(props: {
  context: OwnContext
  written: WrittenPaper
  profile: Profile
  /** Prints this very proof as a paper; empty where only the screen is offered. */
  idempotencyKey: string
  givers: ReadonlyMap<string, ReportedOrganisation[]>
}) {
  const { context, written, profile, idempotencyKey, givers } = props
  const { t, language, session } = context
  return (
    <Own context={context} heading={profile.title[language]}>
      <p class="lead">{t['entrance.showLead']}</p>
      <Qr text={written.paper.qr} label={t['entrance.showLead']} />
      <p class="digits code" dir="ltr">
        {written.paper.code}
      </p>
      <p>
        {t['services.learns']}: {listText(language, [t['services.lives'], ...namesOf(profile, language)])}
      </p>
      <p>
        {t['check.until']} {dayText(language, written.paper.expiresOn)}
      </p>
      {idempotencyKey ? (
        <PostForm action="/me/paper" csrf={session.csrf}>
          <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
          <input type="hidden" name="profile" value={profile.id} />
          <Button>{t['entrance.pdf']}</Button>
        </PostForm>
      ) : (
        ''
      )}
      <h2>{t['serviceReport.ask']}</h2>
      <p>{t['serviceReport.lead']}</p>
      <ServiceReport language={language} service={profile.id} givers={givers.get(profile.id) ?? []} />
    </Own>
  )
}
