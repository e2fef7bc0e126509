import { counted } from '../../platform/counted.ts'
import type { ProofOutline } from '../../proofs/list-proofs.ts'
import { PAPER_KINDS } from '../../proofs/paper/paper.ts'
import { paperTexts } from '../../proofs/paper/paper-words.ts'
import { profiles } from '../../proofs/profiles.ts'
import type { Offer } from '../../proofs/wallet/offer.ts'
import type { Neighbour } from '../../registry/person/neighbours.ts'
import { ProofList } from '../record/proof-list.tsx'
import { Button, Field, PostForm, Select } from '../ui/form.tsx'
import { LANGUAGES } from '../ui/language.ts'
import { LanguageSelect } from '../ui/language-select.tsx'
import { Details } from '../ui/parts.tsx'
import { Qr } from '../ui/qr-code.tsx'
import { withinCase } from './purpose.ts'
import { Desk, type DeskContext } from './shell.tsx'

interface HandedProps {
  context: DeskContext
  neighbour: Neighbour
  proofs: readonly ProofOutline[]
  idempotencyKey: string
}

const action = ({ neighbour }: HandedProps, what: string) => `/desk/neighbours/${neighbour.id}/${what}`

/** What is handed over: papers, proofs for a wallet, the way into their own page. */
export function HandOver(props: HandedProps) {
  const { context, neighbour, idempotencyKey } = props
  const { t, language, session, town, requester } = context
  const { languages, departedOn } = neighbour
  const { may } = withinCase(requester)
  const paper = paperTexts[language]
  const services = [...profiles.values()].map((profile) => [profile.id, profile.title[language]] as const)
  return (
    <>
      <h2>{t['handOver.handOver']}</h2>
      <div class="pair">
        {departedOn || !may('prove') ? (
          ''
        ) : (
          <>
            <PostForm action={action(props, 'papers')} target="_blank" rel="noopener" csrf={session.csrf}>
              <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
              <h3>{t['desk.print']}</h3>
              <Select
                name="kind"
                label={t['handOver.paperKind']}
                options={PAPER_KINDS.map((kind) => [kind, paper[kind]] as const)}
              />
              <LanguageSelect
                label={t['desk.speaks']}
                value={languages?.find((code) => code in LANGUAGES) ?? town.languages[0] ?? language}
              />
              <Button>{t['desk.print']}</Button>
              <p>
                <a
                  href={`/rights.pdf?lang=${languages?.find((code) => code in LANGUAGES) ?? language}`}
                  target="_blank"
                  rel="noopener"
                >
                  {t['rights.pdf']}
                </a>
              </p>
            </PostForm>
            <PostForm action={action(props, 'wallet')} csrf={session.csrf}>
              <h3>{t['handOver.wallet']}</h3>
              <Select name="profile" label={t['desk.service']} options={services} />
              <Button>{t['handOver.wallet']}</Button>
            </PostForm>
          </>
        )}
        {may('enrol') ? (
          <PostForm action={action(props, 'portal')} csrf={session.csrf}>
            <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
            <h3>{t['entrance.enrol']}</h3>
            <p class="govuk-hint">{t['entrance.enrolHint']}</p>
            <Field name="word" label={t['waysIn.word']} auto />
            <p class="govuk-hint">{counted(t['waysIn.newHint'], language, { hours: town.newWayHours })}</p>
            <p class="govuk-hint">{counted(t['waysIn.firstHint'], language, { hours: town.newWayHours })}</p>
            <Details summary={t['waysIn.earlier']}>
              <Field name="earlierCode" label={t['waysIn.earlierCode']} />
              <Field name="earlierWord" label={t['waysIn.earlierWord']} auto />
            </Details>
            <p class="govuk-button-group">
              <Button name="what" value="phone">
                {t['entrance.phone']}
              </Button>
              <Button name="what" value="card">
                {t['entrance.card']}
              </Button>
              <Button secondary name="what" value="cancel">
                {t['entrance.lost']}
              </Button>
            </p>
            <p>
              <a href={action(props, 'ways-in')}>{t['waysIn.title']}</a>
            </p>
          </PostForm>
        ) : (
          ''
        )}
      </div>
      <p>
        <a href="/desk/complaints">{t['appointment.desk']}</a>
      </p>
    </>
  )
}

/** Proofs in force, and those taken back. */
export function Proofs(props: HandedProps) {
  const { context, proofs } = props
  const { t, requester } = context
  const { may } = withinCase(requester)
  return (
    <>
      <h3>{t['desk.proofs']}</h3>
      {proofs.length > 0 ? <p class="govuk-hint">{t['desk.revokeHint']}</p> : ''}
      <ProofList
        context={context}
        proofs={proofs}
        over={t['desk.proofsOver']}
        revoke={may('revoke') ? action(props, 'revoke') : undefined}
      />
    </>
  )
}

/** What a wallet scans, and the digits that go with it. */
export function WalletPage(props: { context: DeskContext; id: string; offer: Offer }) {
  const { context, id, offer } = props
  const { t } = context
  return (
    <Desk context={context} title={t['handOver.wallet']}>
      <h1>{t['handOver.wallet']}</h1>
      <p class="lead">{t['handOver.walletLead']}</p>
      <Qr text={offer.offer} label={t['counter.scan']} />
      <p class="digits" dir="ltr">
        {offer.transactionCode}
      </p>
      <p>
        <a href={`/desk/neighbours/${id}`}>{t['desk.back']}</a>
      </p>
    </Desk>
  )
}
