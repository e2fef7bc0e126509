import { functionTitle } from '../../firewall/functions.ts'
import type { GrantsState, GrantTable } from '../../firewall/grant-table.ts'
import { purposes } from '../../firewall/policies.ts'
import { counted, listText } from '../../platform/counted.ts'
import { claimName } from '../../proofs/claim-names.ts'
import type { Claim } from '../../proofs/claims.ts'
import { profiles } from '../../proofs/profiles.ts'
import { fieldNames } from '../record/look-ups.tsx'
import { dayText } from '../record/texts.ts'
import { type Language, LOCALES, type Texts } from '../ui/language.ts'

/** Several places of the table that one reader reads as one line: who gets what for which purpose. */
interface Line {
  who: string
  purpose: string
  fields: Set<string>
  /** Also of who hides, to whom they are not shown otherwise. */
  hides: boolean
  lockdown: boolean
  /** Nothing is given without an order of a judge or officers behind it. */
  ordered: boolean
}

const isField = (field: string) => !field.startsWith('(')

function linesOf(table: GrantTable): Line[] {
  const lines = new Map<string, Line>()
  for (const [place, fields] of Object.entries(table)) {
    const [who = '', , purpose = '', moment = '', order] = place.split(' | ')
    if (who === 'proof' || who === 'functions') continue
    const key = `${who} | ${purpose}`
    const line = lines.get(key) ?? {
      ...{ who, purpose, fields: new Set<string>() },
      ...{ hides: false, lockdown: false, ordered: true },
    }
    lines.set(key, line)
    for (const field of fields.filter(isField)) line.fields.add(field)
    if (moment === 'hides' || moment === 'hides, lockdown') line.hides = true
    if (moment.includes('lockdown')) line.lockdown = true
    if (order === undefined) line.ordered = false
  }
  return [...lines.values()]
}

const sameLine = (line: Line) =>
  JSON.stringify([
    line.who.replace(/: .*/, ''),
    ...[line.purpose, [...line.fields].sort(), line.hides, line.lockdown, line.ordered],
  ])

/** Who it is, in words; organisations that get the same are one line. */
function whoText(who: string, t: Texts): string {
  const names: Record<string, string> = {
    clerk: t['desk.roleClerk'],
    supervisor: t['desk.roleSupervisor'],
    legal: t['desk.roleLegal'],
    auditor: t['desk.roleAuditor'],
    neighbour: t['requester.resident'],
    'neighbour by a new card': t['grants.newCard'],
    helper: t['grants.helper'],
    representative: t['grants.representative'],
    'representative barred by a court': t['grants.barred'],
    job: t['requester.job'],
    client: t['requester.client'],
    authority: t['requester.authority'],
  }
  return names[who.replace(/: .*/, '')] ?? who
}

function Table({ table, language }: { table: GrantTable; language: Language }) {
  const t = LOCALES[language]
  const grouped = new Map<string, Line[]>()
  for (const line of linesOf(table)) {
    const same = grouped.get(sameLine(line)) ?? []
    grouped.set(sameLine(line), [...same, line])
  }
  const services = Object.entries(table).filter(([place]) => place.startsWith('proof | '))
  return (
    <>
      <table class="grants">
        <thead>
          <tr>
            <th scope="col">{t['firewall.columnWho']}</th>
            <th scope="col">{t['firewall.columnWhy']}</th>
            <th scope="col">{t['grants.most']}</th>
            <th scope="col">{t['grants.when']}</th>
          </tr>
        </thead>
        <tbody>
          {[...grouped.values()].map((lines) => {
            const [line] = lines as [Line]
            const functions = lines.map(({ who }) => who.split(': ')[1]).filter((one) => one !== undefined)
            const when = [
              ...(line.hides ? [t['grants.hides']] : []),
              ...(line.lockdown ? [t['grants.lockdown']] : []),
              ...(line.ordered ? [t['grants.ordered']] : []),
            ]
            return (
              <tr>
                <td data-label={t['firewall.columnWho']}>
                  {whoText(line.who, t)}
                  {functions.length > 0 ? (
                    <small>
                      {' '}
                      (
                      {listText(
                        language,
                        functions.map((one) => functionTitle(one, language)),
                      )}
                      )
                    </small>
                  ) : (
                    ''
                  )}
                </td>
                <td data-label={t['firewall.columnWhy']}>
                  {purposes.get(line.purpose)?.title[language] ?? line.purpose}
                </td>
                <td data-label={t['grants.most']}>{fieldNames([...line.fields].sort(), t, language)}</td>
                <td data-label={t['grants.when']}>{when.length > 0 ? listText(language, when) : '\u2013'}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
      {services.length > 0 ? (
        <ul>
          {services.map(([place, given]) => {
            const id = place.slice('proof | '.length)
            const claims = given.filter((one) => /^[a-z_0-9]+$/.test(one))
            const days = given.find((one) => one.startsWith('days '))?.slice('days '.length)
            return (
              <li>
                {profiles.get(id)?.title[language] ?? id}:{' '}
                {listText(language, [
                  t['services.lives'],
                  ...claims.map((claim) => claimName(claim as Claim, language)),
                ])}
                {days ? ` (${counted(t['grants.days'], language, { days: Number(days) })})` : ''}
              </li>
            )
          })}
        </ul>
      ) : (
        ''
      )}
    </>
  )
}

/** What anyone can get here, what stays closed, and what begins on which day. */
export function Grants(props: { grants: GrantsState; digest: string; language: Language; timeZone: string }) {
  const { grants, digest, language, timeZone } = props
  const t = LOCALES[language]
  const day = (instant: string) =>
    dayText(language, Temporal.Instant.from(instant).toZonedDateTimeISO(timeZone).toPlainDate().toString())
  return (
    <section aria-labelledby="grants">
      <h2 id="grants">{t['grants.title']}</h2>
      <p>{t['grants.lead']}</p>
      <Table table={grants.agreed} language={language} />
      <p>
        {t['organisations.fingerprint']}: <code dir="ltr">{digest}</code>
      </p>
      {grants.toCome.map(({ begins, wider }) => (
        <>
          <h3>{t['grants.begins'].replace('{day}', day(begins))}</h3>
          <p>{t['grants.beginsLead']}</p>
          <Table table={wider} language={language} />
        </>
      ))}
      {Object.keys(grants.closed).length > 0 ? (
        <>
          <h3>{t['grants.closed']}</h3>
          <p>{t['grants.closedLead']}</p>
          <Table table={grants.closed} language={language} />
        </>
      ) : (
        ''
      )}
    </section>
  )
}
