import { PAPER_KINDS } from '../../proofs/paper/paper.ts'
import { paperTexts } from '../../proofs/paper/paper-words.ts'
import { profiles } from '../../proofs/profiles.ts'
import type { ProofOutline } from '../../proofs/proof-list.ts'
import type { Offer } from '../../proofs/wallet/offers.ts'
import type { Neighbour } from '../../registry/person/neighbours.ts'
import { ProofList } from '../record/proof-list.tsx'
import { Button, Field, PostForm, Select } from '../ui/form.tsx'
import { LANGUAGES } from '../ui/language.ts'
import { LanguageSelect } from '../ui/language-select.tsx'
import { Qr } from '../ui/qr-code.tsx'
import { withinCase } from './purpose.ts'
import { Desk, type DeskContext } from './shell.tsx'

interface HandedProps {
  context: DeskContext
  neighbour: Neighbour
  proofs: readonly ProofOutline[]
  once: string
}

const action = ({ neighbour }: HandedProps, what: string) => `/desk/neighbours/${neighbour.id}/${what}`

/** What is handed over: papers, proofs for a wallet, the way into their own page. */
export function HandOver(props: HandedProps) {
  const { context, neighbour, once } = props
  const { t, language, session, town, requester } = context
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
            <PostForm action={action(props, 'papers')} target="_blank" rel="noopener" csrf={session.csrf}>
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
              <Button>{t.dPrint}</Button>
              <p>
                <a
                  href={`/rights.pdf?lang=${languages?.find((code) => code in LANGUAGES) ?? language}`}
                  target="_blank"
                  rel="noopener"
                >
                  {t.yPdf}
                </a>
              </p>
            </PostForm>
            <PostForm action={action(props, 'wallet')} csrf={session.csrf}>
              <h3>{t.dWallet}</h3>
              <Select name="profile" label={t.dService} options={services} />
              <Button>{t.dWallet}</Button>
            </PostForm>
          </>
        )}
        {may('enrol') ? (
          <PostForm action={action(props, 'portal')} csrf={session.csrf}>
            <input type="hidden" name="once" value={once} />
            <h3>{t.rEnrol}</h3>
            <p class="govuk-hint">{t.rEnrolHint}</p>
            <Field name="word" label={t.iWord} auto />
            <p class="govuk-button-group">
              <Button name="what" value="phone">
                {t.rPhone}
              </Button>
              <Button name="what" value="card">
                {t.rCard}
              </Button>
              <Button secondary name="what" value="cancel">
                {t.rLost}
              </Button>
            </p>
            <p>
              <a href={action(props, 'ways-in')}>{t.iTitle}</a>
            </p>
          </PostForm>
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
export function Proofs(props: HandedProps) {
  const { context, proofs } = props
  const { t, requester } = context
  const { may } = withinCase(requester)
  return (
    <>
      <h3>{t.dProofs}</h3>
      {proofs.length > 0 ? <p class="govuk-hint">{t.dRevokeHint}</p> : ''}
      <ProofList
        context={context}
        proofs={proofs}
        over={t.dProofsOver}
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
    <Desk context={context} title={t.dWallet}>
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
