import { type PolicyEngine, purposes, type Rule } from '../../firewall/policies.ts'
import { localeTag } from '../../platform/locale-tag.ts'
import type { ComplaintCount } from '../../requests/complaints.ts'
import { cell } from '../../statistics/cells.ts'
import type { Transparency } from '../../statistics/transparency.ts'
import { kindNames } from '../record/complaint.tsx'
import { type Language, LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'

const titleOf = (rule: Rule, language: Language) =>
  language === 'en' ? rule.title : (rule.titles[language] ?? rule.title)

/** The rules in force, for a lawyer and for somebody who is afraid. */
export function FirewallPage(props: { policies: PolicyEngine; town: string; language: Language }) {
  const { policies, town, language } = props
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
    <Page title={`${t.firewallTitle} · ${town}`} language={language} town={town}>
      <Languages language={language} path="/firewall" />
      <h1>{t.firewallTitle}</h1>
      <p class="lead">{t.firewallLead}</p>
      <h2>{t.never}</h2>
      {rules('forbid')}
      <h2>{t.may}</h2>
      {rules('permit')}
      <p>{t.otherwise}</p>
      <p>
        {t.inForce} <code dir="ltr">{policies.digest}</code>
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
    staff: t.whoStaff,
    client: t.whoClient,
    resident: t.whoResident,
    job: t.whoJob,
    authority: t.whoAuthority,
  }
  const why = (id: string) =>
    purposes.get(id)?.title[language] ?? purposes.get(id)?.title.en ?? (id === 'registry' ? t.whyRegistry : t.whyOther)
  const kinds = new Map<string, string>(kindNames(language))
  const outcomes = {
    waiting: t.kWait,
    answered: t.kJust,
    upheld: t.kUpheld,
    partly: t.kPartly,
    'not-upheld': t.kNot,
  }
  const number = (count: number | null) => (count === null ? t.few : count.toLocaleString(localeTag(language)))
  return (
    <Page title={`${t.transparencyTitle} · ${town}`} language={language} town={town}>
      <Languages language={language} path="/transparency" />
      <h1>{t.transparencyTitle}</h1>
      <p class="lead">{t.transparencyLead}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">{t.columnWho}</th>
            <th scope="col">{t.columnWhy}</th>
            <th scope="col">{t.columnOpened}</th>
            <th scope="col">{t.columnRefused}</th>
          </tr>
        </thead>
        <tbody>
          {counted.rows.map((row) => (
            <tr>
              <td data-label={t.columnWho}>{who[row.requesterKind] ?? row.requesterKind}</td>
              <td data-label={t.columnWhy}>{why(row.purpose)}</td>
              <td data-label={t.columnOpened}>{number(row.permitted)}</td>
              <td data-label={t.columnRefused}>{number(row.refused)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        {t.lateTitle}: {number(counted.lateNotices)}
      </p>
      {complaints.length > 0 ? (
        <>
          <h2>{t.kCounts}</h2>
          <table>
            <thead>
              <tr>
                <th scope="col">{t.kKind}</th>
                <th scope="col">{t.kOutcome}</th>
                <th scope="col">{t.kCount}</th>
              </tr>
            </thead>
            <tbody>
              {complaints.map((row) => (
                <tr>
                  <td data-label={t.kKind}>{kinds.get(row.kind)}</td>
                  <td data-label={t.kOutcome}>{outcomes[row.outcome]}</td>
                  <td data-label={t.kCount}>{number(cell(row.count))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      ) : (
        ''
      )}
      <p>{t.countedAt}</p>
      <pre dir="ltr">{counted.checkpoint}</pre>
    </Page>
  )
}
