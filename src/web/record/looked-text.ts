import type { LookUp } from '../../oversight/look-up-store.ts'
import type { By } from '../../oversight/looked-by.ts'
import { counted, listText } from '../../platform/counted.ts'
import { localeTag } from '../../platform/locale-tag.ts'
import type { Language, Texts } from '../ui/language.ts'
import { dayText } from './texts.ts'

/** Who asks, by kind. */
export const whoNames = (t: Texts): Record<string, string> => ({
  staff: t['requester.staff'],
  client: t['requester.client'],
  resident: t['requester.resident'],
  job: t['requester.job'],
  authority: t['requester.authority'],
})

/** What somebody is to a neighbour they act for. */
export const representationNames = (t: Texts) => ({
  parent: t['representatives.actsParent'],
  guardian: t['representatives.actsGuardian'],
  carer: t['representatives.actsCarer'],
  institution: t['representatives.actsInstitution'],
})

/** Who looked, in words: by name or office. */
export function byText(by: By, t: Texts, language: Language): string {
  const at = 'atOffice' in by && by.atOffice ? ` (${t['lookedBy.atOffice'].replace('{office}', by.atOffice)})` : ''
  switch (by.kind) {
    case 'card':
      return (
        (by.givenAt === undefined
          ? t['lookedBy.card']
          : t['lookedBy.cardOf'].replace('{day}', dayText(language, by.givenAt.slice(0, 10)))) + at
      )
    case 'telephone':
      return (
        (by.name === undefined ? t['lookedBy.telephoneOne'] : t['lookedBy.telephone'].replace('{name}', by.name)) + at
      )
    case 'wallet':
      return t['lookedBy.wallet']
    case 'helper':
      return by.name === undefined ? t['lookedBy.helperOne'] : t['lookedBy.helper'].replace('{name}', by.name)
    case 'representative':
      return by.representation === undefined || by.since === undefined
        ? t['lookedBy.actsOne']
        : t['lookedBy.acts']
            .replace('{representation}', representationNames(t)[by.representation])
            .replace('{day}', dayText(language, by.since.slice(0, 10)))
    case 'staff':
      return by.office === undefined ? t['requester.staff'] : t['lookedBy.staff'].replace('{office}', by.office)
    case 'client':
      return by.organisation ?? t['requester.client']
    case 'order':
      return t['lookedBy.order'].replace('{authority}', by.authority ?? '–').replace('{reference}', by.reference ?? '–')
    default:
      return whoNames(t)[by.kind] ?? by.kind
  }
}

/** How often somebody was there on a day of one's own visits, from when to when; and each time. */
export function visitsText(
  { visits = [] }: Pick<LookUp, 'visits'>,
  { t, language, timeZone }: { t: Texts; language: Language; timeZone: string },
): { summary: string; each: string } | undefined {
  const times = visits.map((at) => clockText(language, timeZone, at)).reverse()
  const [from, to] = [times[0], times.at(-1)]
  if (times.length < 2 || from === undefined || to === undefined) return undefined
  return {
    summary: counted(t['lookedBy.visits'], language, { n: times.length, from, to }),
    each: listText(language, [...new Set(times)]),
  }
}

const clockText = (language: Language, timeZone: string, instant: string) =>
  Temporal.Instant.from(instant).toLocaleString(localeTag(language), {
    timeStyle: 'short',
    timeZone,
  })
