import { purposes } from '../../firewall/policies.ts'
import type { Purpose } from '../../firewall/question.ts'
import { purposeOf, type Staff } from '../../firewall/requester.ts'

/** The purposes under which somebody of this role may open a record at the counter, the widest first. */
export const purposesOfCase = ({ role }: Pick<Staff, 'role'>): readonly Purpose[] =>
  [...purposes.values()]
    .filter(({ requesters, actions }) => requesters.includes(role) && actions.includes('open'))
    .sort((one, other) => other.actions.length - one.actions.length)

/** What the reason of a clerk's case lets them do and see: a page offers nothing else. */
export function withinCase(requester: Staff) {
  const { actions = [], fields = [] } = purposes.get(purposeOf(requester)) ?? {}
  return {
    may: (action: string) => actions.includes(action),
    opens: (field: string) => fields.includes(field),
  }
}
