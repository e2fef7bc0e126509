import type { GrantsState } from '../../firewall/grant-table.ts'
import { digestOfGrants } from '../../firewall/grant-table.ts'
import { type PolicyEngine, purposes, type Rule } from '../../firewall/policies.ts'
import { localeTag } from '../../platform/locale-tag.ts'
import type { ComplaintCount } from '../../requests/complain.ts'
import { cell } from '../../statistics/cells.ts'
import type { Transparency } from '../../statistics/transparency.ts'
import { kindNames } from '../record/complaint.tsx'
import { type Language, LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { Grants } from './grants-table.tsx'

const titleOf = (rule: Rule, language: Language) =>
  language === 'en' ? rule.title : (rule.titles[language] ?? rule.title)

/** The rules in force, for a lawyer and for somebody who is afraid. */
export function FirewallPage(props: {
  policies: PolicyEngine
  grants: GrantsState
  town: string
  language: Language
  timeZone: string
}) {
  const { policies, grants, town, language, timeZone } = props
  const t = LOCALES[language]
  const rules = (effect: Rule['effect']) => (
    <ol class="rules">
      {policies.rules
        .filter((rule) => rule.effect === effect)
        .map((rule) => (
          <li>
            {titleOf(rule, language)}
            <small>
              <bdi>{rule.id}</bdi>
              {' · '}
              <bdi lang="en">{rule.source}</bdi>
            </small>
          </li>
        ))}
    </ol>
  )
  return (
    <Page title={`${t['firewall.title']} · ${town}`} language={language} town={town}>
      <Languages language={language} path="/firewall" />
      <h1>{t['firewall.title']}</h1>
      <p class="lead">{t['firewall.lead']}</p>
      <h2>{t['page.never']}</h2>
      {rules('forbid')}
      <h2>{t['page.may']}</h2>
      {rules('permit')}
      <p>{t['page.otherwise']}</p>
      <Grants grants={grants} digest={digestOfGrants(grants.agreed)} language={language} timeZone={timeZone} />
      <p>
        {t['page.inForce']} <code dir="ltr">{policies.digest}</code>
      </p>
    </Page>
  )
}

/** How often the register was opened and refused. */
export function TransparencyPage(props: {
  counted: Transparency
  complaints: readonly ComplaintCount[]
  town: string
  language: Language
}) {
  const { counted, complaints, town, language } = props
  const t = LOCALES[language]
  const who: Record<string, string> = {
    staff: t['requester.staff'],
    client: t['requester.client'],
    resident: t['requester.resident'],
    job: t['requester.job'],
    authority: t['requester.authority'],
  }
  const why = (id: string) =>
    purposes.get(id)?.title[language] ??
    purposes.get(id)?.title.en ??
    (id === 'registry' ? t['firewall.whyRegistry'] : t['firewall.whyOther'])
  const kinds = new Map<string, string>(kindNames(language))
  const outcomes = {
    waiting: t['complaint.wait'],
    answered: t['complaint.just'],
    upheld: t['complaint.upheld'],
    partly: t['complaint.partly'],
    'not-upheld': t['complaint.not'],
  }
  const number = (count: number | null) => (count === null ? t['page.few'] : count.toLocaleString(localeTag(language)))
  return (
    <Page title={`${t['transparency.title']} · ${town}`} language={language} town={town}>
      <Languages language={language} path="/transparency" />
      <h1>{t['transparency.title']}</h1>
      <p class="lead">{t['transparency.lead']}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">{t['firewall.columnWho']}</th>
            <th scope="col">{t['firewall.columnWhy']}</th>
            <th scope="col">{t['firewall.columnOpened']}</th>
            <th scope="col">{t['firewall.columnRefused']}</th>
          </tr>
        </thead>
        <tbody>
          {counted.rows.map((row) => (
            <tr>
              <td data-label={t['firewall.columnWho']}>{who[row.requesterKind] ?? row.requesterKind}</td>
              <td data-label={t['firewall.columnWhy']}>{why(row.purpose)}</td>
              <td data-label={t['firewall.columnOpened']}>{number(row.permitted)}</td>
              <td data-label={t['firewall.columnRefused']}>{number(row.refused)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        {t['lateLetter.title']}: {number(counted.lateNotices)}
      </p>
      {complaints.length > 0 ? (
        <>
          <h2>{t['complaint.counts']}</h2>
          <table>
            <thead>
              <tr>
                <th scope="col">{t['complaint.kind']}</th>
                <th scope="col">{t['complaint.outcome']}</th>
                <th scope="col">{t['complaint.count']}</th>
              </tr>
            </thead>
            <tbody>
              {complaints.map((row) => (
                <tr>
                  <td data-label={t['complaint.kind']}>{kinds.get(row.kind)}</td>
                  <td data-label={t['complaint.outcome']}>{outcomes[row.outcome]}</td>
                  <td data-label={t['complaint.count']}>{number(cell(row.count))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      ) : (
        ''
      )}
      <p>{t['page.countedAt']}</p>
      <pre dir="ltr">{counted.checkpoint}</pre>
    </Page>
  )
}
