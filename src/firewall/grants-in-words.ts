import { type GrantTable, widerThan } from './grant-table.ts'
import { purposes } from './policies.ts'

// The table of what anyone can get, as a lawyer or another town reads it.

interface Row {
  who: string[]
  purpose: string
  actions: Set<string>
  fields: Set<string>
  moments: Set<string>
}

const isField = (field: string) => !field.startsWith('(')
const textOf = (items: Iterable<string>) => [...items].sort().join(', ')

function rowsOf(table: GrantTable): Row[] {
  const rows = new Map<string, Row>()
  for (const [place, fields] of Object.entries(table)) {
    const [who = '', action = '', purpose = '', moment = '', order = ''] = place.split(' | ')
    if (who === 'proof' || who === 'functions') continue
    const key = `${who} | ${purpose}`
    const row = rows.get(key) ?? {
      ...{ who: [who], purpose, actions: new Set<string>() },
      ...{ fields: new Set<string>(), moments: new Set<string>() },
    }
    rows.set(key, row)
    row.actions.add(action)
    for (const field of fields.filter(isField)) row.fields.add(field)
    row.moments.add(order === '' ? moment : `${moment} with ${order}`)
  }
  const same = new Map<string, Row>()
  for (const row of rows.values()) {
    const [who = ''] = row.who
    const kind = who.includes(': ') ? who.replace(/: .*/, '') : who
    const key = [kind, row.purpose, textOf(row.actions), textOf(row.fields), textOf(row.moments)].join(' | ')
    const known = same.get(key)
    if (known) known.who.push(who)
    else same.set(key, row)
  }
  return [...same.values()]
}

const whoText = (who: readonly string[]): string => {
  const [first = ''] = who
  const kind = /^(.*): /.exec(first)?.[1]
  return kind === undefined ? textOf(who) : `${kind}: ${textOf(who.map((one) => one.slice(kind.length + 2)))}`
}

/** A table as lines of Markdown. */
export function grantsInWords(table: GrantTable): string {
  const lines = rowsOf(table).map(
    ({ who, purpose, actions, fields, moments }) =>
      `| ${whoText(who)} | ${purposes.get(purpose)?.title.en ?? purpose} | ${textOf(actions)} | ${textOf(fields) || 'nothing of what is written'} | ${textOf(moments)} |`,
  )
  const services = Object.entries(table)
    .filter(([place]) => place.startsWith('proof | '))
    .map(([place, given]) => `| ${place.slice('proof | '.length)} | ${textOf(given)} |`)
  const functions = Object.entries(table).filter(([place]) => place.startsWith('functions | '))
  return [
    '| who | for what | actions | at most | when |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
    ...functions.map(([place, ids]) => `\nFunctions that are ${place.slice('functions | '.length)}: ${textOf(ids)}.`),
    ...(services.length > 0 ? ['', '| service | what it learns at most |', '| --- | --- |', ...services] : []),
  ].join('\n')
}

/** What another table gives that ours does not, and what ours gives that it does not, in words. */
export function differenceInWords(ours: GrantTable, theirs: GrantTable): string {
  const [more, less] = [widerThan(theirs, ours), widerThan(ours, theirs)]
  const part = (title: string, table: GrantTable) =>
    Object.keys(table).length === 0 ? `${title}: nothing.` : `${title}:\n\n${grantsInWords(table)}`
  return [part('They give, and we do not', more), part('We give, and they do not', less)].join('\n\n')
}
