import { functionTitle } from '../../firewall/functions.ts'
import type { LinkKind } from '../../firewall/organisations.ts'
import type { ActKind, WaitingAct } from '../../oversight/officer-acts.ts'
import { dayText } from '../record/texts.ts'
import { Button, PostForm } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { Fact, Facts } from '../ui/parts.tsx'
import type { DeskContext } from './shell.tsx'

/** What waits for a second officer: what it is about, and the two answers. */
export const linkNames = (t: Texts): Record<LinkKind, string> => ({
  memberOf: t.gMember,
  reportsTo: t.gReports,
  sharesWith: t.gShares,
  suppliedBy: t.gSupplied,
})

export function WaitingActs(props: {
  context: DeskContext
  waiting: readonly WaitingAct[]
  names: ReadonlyMap<string, string>
}) {
  const { context, waiting, names } = props
  const { t, language, session } = context
  const kinds: Record<ActKind, string> = {
    enrol: t.gAdd,
    application: t.aTitle,
    function: t.aDoes,
    link: t.gLink,
    attestation: t.gRenew,
    machine: t.gMachine,
    'end-machine': t.gEndMachine,
    'end-key': t.gEndKey,
    suspend: t.gSuspend,
    alias: t.gAlias,
    lend: t.gLend,
    'take-back': t.gTakeBack,
    affected: t.gAffected,
    secrecy: t.gSecrecy,
  }
  const asked = { enrol: t.aTitle, machine: t.gAskMachine, keys: t.gAskKeys }
  const labels: Record<string, string> = {
    organisationId: t.gName,
    relatedId: t.gRelated,
    name: t.gName,
    identifier: t.gIdentifier,
    functions: t.aDoes,
    function: t.aDoes,
    kind: t.gLink,
    signedBy: t.gSigned,
    keys: t.aKeys,
    thumbprint: t.gThumbprint,
    client: t.gClients,
    clients: t.gClients,
    staff: t.whoStaff,
    kid: t.gKey,
    reference: t.dDemands,
    until: t.hUntil,
    basis: t.dBasis,
    links: t.aLinks,
    need: t.aNeed,
    resembles: t.gResembles,
    upheld: t.gUpheld,
  }
  const links = linkNames(t)
  const withKeys = (content: object) =>
    'keys' in content && Array.isArray(content.keys) && content.keys.length === 0 ? { keys: [t.gNoKeys] } : {}
  /** Each by its name: what somebody typed is not taken for the rest. */
  const said = ({ kind, content }: WaitingAct): [string, string][] =>
    Object.entries({ ...content, ...(kind === 'machine' ? { keys: [t.gNoKeys] } : withKeys(content)) })
      .filter(([key, value]) => key in labels && value !== undefined && String(value) !== '')
      .map(([key, value]) => [
        labels[key] ?? key,
        [value]
          .flat()
          .map((one) => {
            const text = String(one)
            if (key === 'functions' || key === 'function') return functionTitle(text, language)
            if (key === 'kind') return links[text as LinkKind] ?? text
            // What somebody typed stands as they typed it, whatever it looks like.
            return key === 'organisationId' || key === 'relatedId' ? (names.get(text) ?? text) : text
          })
          .join(', '),
      ])
  if (waiting.length === 0) return ''
  return (
    <section aria-labelledby="waiting">
      <h2 id="waiting">{t.gWaits}</h2>
      <ul class="cards">
        {waiting.map((act) => (
          <li>
            <strong>{act.kind === 'application' ? asked[act.content.what] : kinds[act.kind]}</strong> ·{' '}
            {dayText(language, act.proposedAt.slice(0, 10))}
            <Facts>
              {said(act).map(([name, value]) => (
                <Fact name={name}>
                  <span dir="auto">{value}</span>
                </Fact>
              ))}
            </Facts>
            {act.kind === 'secrecy' ? (
              <p>
                <a href={`/desk/legal/documents/${act.content.documentId}`}>{t.dDemandPaper}</a>
              </p>
            ) : (
              ''
            )}
            <PostForm action="/desk/organisations/acts" csrf={session.csrf}>
              <input type="hidden" name="entry" value={act.id} />
              <p class="govuk-button-group">
                {act.proposedByYou ? (
                  ''
                ) : (
                  <Button name="approves" value="yes">
                    {t.dApprove}
                  </Button>
                )}
                <Button secondary name="approves" value="no">
                  {t.dRefuse}
                </Button>
              </p>
            </PostForm>
          </li>
        ))}
      </ul>
    </section>
  )
}
