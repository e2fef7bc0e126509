import { addressText } from '../../proofs/address-text.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { Address, DecidedStart } from '../../registry/model.ts'
import type { Change } from '../../registry/person/read-history.ts'
import type { PageContext } from '../page-visit.ts'
import type { Texts } from '../ui/language.ts'
import { bornText, dayText } from './texts.ts'

/** Where somebody was, in words; of no fixed address what they said too. */
export function placeText(address: Address | undefined, t: Texts): string {
  if (address === undefined) return '–'
  if (address.kind !== 'no-fixed-address') return addressText(address)
  return [
    t['address.kindNone'],
    ...(address.usualArea ? [t['desk.saidSo'].replace('{words}', () => address.usualArea ?? '')] : []),
  ].join(' · ')
}

/** What stood there and what has since, in words. */
export function changeText(change: Change, { t, language }: Pick<PageContext, 't' | 'language'>): string {
  const [what, was, is] =
    change.field === 'name'
      ? [t['fields.name'], ...[change.was, change.is].map((name) => (name ? nameText(name, t['page.newbornOf']) : '–'))]
      : change.field === 'address'
        ? [t['desk.where'], ...[change.was, change.is].map((address) => placeText(address, t))]
        : [t['desk.born'], ...[change.was, change.is].map((date) => bornText(language, date))]
  const words: Record<string, string | undefined> = { what, was, is }
  return t['past.change'].replaceAll(/\{(\w+)\}/g, (_, name: string) => words[name] ?? '')
}

/** How a first day was decided: from which to which, why, with what, and by whom in words. */
export function DecidedStartLines(props: { context: Pick<PageContext, 't' | 'language'>; start: DecidedStart }) {
  const { context, start } = props
  return decidedStartLines(context, start).map((line) => (
    <>
      <bdi>{line}</bdi>
      <br />
    </>
  ))
}

export function decidedStartLines({ t, language }: Pick<PageContext, 't' | 'language'>, start: DecidedStart): string[] {
  const seen = {
    'photo-document': t['desk.photo'],
    document: t['desk.document'],
    attestation: t['desk.attested'],
    declaration: t['desk.declared'],
  }
  const { role, office } = start.by
  return [
    `${dayText(language, start.was)} → ${dayText(language, start.said)}`,
    ...(start.seen ? [`${t['dates.seen']}: ${seen[start.seen]}`] : []),
    ...(start.reason ? [t['dates.mineWhy'].replace('{reason}', start.reason)] : []),
    [role === 'supervisor' ? t['dates.supervisor'] : t['dates.clerk'], ...(office ? [office] : [])].join(' · '),
  ]
}
