import { functionTitle } from '../../firewall/functions.ts'
import type { LinkKind } from '../../firewall/organisations.ts'
import type { ActKind, WaitingAct } from '../../oversight/decide-act.ts'
import { dayText } from '../record/texts.ts'
import { Button, PostForm } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { Fact, Facts } from '../ui/parts.tsx'
import type { DeskContext } from './shell.tsx'

/** What waits for a second officer: what it is about, and the two answers. */
export const linkNames = (t: Texts): Record<LinkKind, string> => ({
  memberOf: t['organisations.member'],
  reportsTo: t['organisations.reports'],
  sharesWith: t['organisations.shares'],
  suppliedBy: t['organisations.supplied'],
})

export function WaitingActs(props: {
  context: DeskContext
  waiting: readonly WaitingAct[]
  names: ReadonlyMap<string, string>
}) {
  const { context, waiting, names } = props
  const { t, language, session } = context
  const kinds: Record<ActKind, string> = {
    enrol: t['organisations.add'],
    application: t['enrolment.title'],
    function: t['enrolment.does'],
    link: t['organisations.link'],
    attestation: t['organisations.renew'],
    machine: t['organisations.machine'],
    'end-machine': t['organisations.endMachine'],
    'end-key': t['organisations.endKey'],
    suspend: t['organisations.suspend'],
    alias: t['organisations.alias'],
    lend: t['organisations.lend'],
    'take-back': t['organisations.takeBack'],
    affected: t['organisations.affected'],
    widen: t['organisations.widen'],
    'call-off': t['organisations.callOff'],
    secrecy: t['organisations.secrecy'],
  }
  const titles = {
    enrol: t['enrolment.title'],
    machine: t['organisations.askMachine'],
    keys: t['organisations.askKeys'],
  }
  const labels: Record<string, string> = {
    organisationId: t['organisations.name'],
    relatedId: t['organisations.related'],
    name: t['organisations.name'],
    identifier: t['organisations.identifier'],
    functions: t['enrolment.does'],
    function: t['enrolment.does'],
    kind: t['organisations.link'],
    signedBy: t['organisations.signed'],
    keys: t['enrolment.keys'],
    thumbprint: t['organisations.thumbprint'],
    client: t['organisations.clients'],
    clients: t['organisations.clients'],
    staff: t['requester.staff'],
    kid: t['organisations.key'],
    digest: t['organisations.fingerprint'],
    reference: t['desk.demands'],
    until: t['helpers.until'],
    basis: t['desk.basis'],
    links: t['enrolment.links'],
    need: t['enrolment.need'],
    resembles: t['organisations.resembles'],
    upheld: t['organisations.upheld'],
  }
  const links = linkNames(t)
  const withKeys = (content: object) =>
    'keys' in content && Array.isArray(content.keys) && content.keys.length === 0
      ? { keys: [t['organisations.noKeys']] }
      : {}
  /** Each by its name: what somebody typed is not taken for the rest. */
  const said = ({ kind, content }: WaitingAct): [string, string][] =>
    Object.entries({ ...content, ...(kind === 'machine' ? { keys: [t['organisations.noKeys']] } : withKeys(content)) })
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
      <h2 id="waiting">{t['organisations.waits']}</h2>
      <ul class="cards">
        {waiting.map((act) => (
          <li>
            <strong>{act.kind === 'application' ? titles[act.content.what] : kinds[act.kind]}</strong> ·{' '}
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
                <a href={`/desk/legal/documents/${act.content.documentId}`}>{t['legal.demandPaper']}</a>
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
                    {t['desk.approve']}
                  </Button>
                )}
                <Button secondary name="approves" value="no">
                  {t['desk.refuse']}
                </Button>
              </p>
            </PostForm>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** What the loaded rules give beyond what the town has agreed to, and the way to it, and back from it. */
export function WiderRules(props: { context: DeskContext; digest: string | undefined; begins: boolean | undefined }) {
  const { context, digest, begins = false } = props
  const { t, session } = context
  if (digest === undefined && !begins) return ''
  return (
    <section class="govuk-inset-text" aria-labelledby="wider">
      <h2 id="wider">{t['grants.closed']}</h2>
      <p>
        {t['grants.closedLead']} <a href="/firewall#grants">{t['grants.title']}</a>
      </p>
      <PostForm action="/desk/organisations/rules" csrf={session.csrf}>
        <input type="hidden" name="digest" value={digest} />
        {digest === undefined ? '' : <Button secondary>{t['organisations.widen']}</Button>}
        {begins ? (
          <Button secondary name="act" value="call-off">
            {t['organisations.callOff']}
          </Button>
        ) : (
          ''
        )}
      </PostForm>
    </section>
  )
}
