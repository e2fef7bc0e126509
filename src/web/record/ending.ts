import type { Resident, Staff } from '../../firewall/requester.ts'
import type { Clock } from '../../platform/clock.ts'
import { InvalidInput } from '../../platform/problem.ts'
import { isUuid } from '../../platform/uuid.ts'
import { lifeRules } from '../../registry/person/dates/life-dates.ts'
import type { Ending } from '../../registry/person/end-ways-in.ts'
import type { PageContext } from '../page-visit.ts'
import { dayIn, typedIn } from './registration-form.ts'

/** A form that ends nothing: what is wrong with it, and what was typed. */
export interface NotEnding {
  faults: Readonly<Record<string, string>>
  typed: Readonly<Record<string, string>>
}

/** Which way in a form ends. @throws {InvalidInput} for one that there is not */
export function endingIn(context: PageContext<Staff | Resident>, deps: { clock: Clock }): Ending | NotEnding {
  const { form, town } = context
  const what = form.get('what')
  const id = form.get('which')
  if (what === 'card') return isUuid(id) ? { what, id } : { what }
  if (what === 'everything') return { what }
  if ((what === 'telephone' || what === 'session' || what === 'helper') && isUuid(id)) return { what, id }
  if (what !== 'lost') throw new InvalidInput([{ pointer: '/what', detail: 'Choose what ends.' }])
  const typed = typedIn(context)
  const since = dayIn(typed, { name: 'since', formReader: { ...context, rules: lifeRules(deps.clock, town) } })
  if (since && !form.has('too')) return { faults: { too: context.t['waysIn.sinceAlone'] }, typed }
  if (since && 'fault' in since) return { faults: { since: since.fault }, typed }
  return {
    what,
    telephonesToo: form.has('too'),
    since: since === undefined ? undefined : Temporal.PlainDate.from(since.date),
  }
}
