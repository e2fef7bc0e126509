import { z } from 'zod'
import table from '../../policies/roles.json'
import type { Requester, StaffRole } from './requester.ts'

const Table = z.array(
  z.strictObject({
    title: z.string(),
    roles: z.array(z.enum(['clerk', 'supervisor', 'legal', 'auditor'])).min(1),
    routes: z.array(z.string().regex(/^(GET|POST|PATCH) \/\S*$/)),
  }),
)

/**
 * Which routes each role of staff may reach, pages and API alike, as `policies/roles.json` has it: `GET /desk`,
 * `POST /v1/neighbours`. What stands in no line is reached by nobody.
 */
export const ROUTES_OF_ROLES: ReadonlyMap<string, ReadonlySet<StaffRole>> = new Map(
  Table.parse(table).flatMap(({ roles, routes }) => routes.map((route) => [route, new Set(roles)] as const)),
)

/** Whether somebody may come to this door. It says nothing of what they get there: that is the gate's to decide. */
export const mayReach = (route: string, { kind, ...who }: Pick<Requester, 'kind'> & { role?: string }): boolean =>
  kind !== 'staff' || (ROUTES_OF_ROLES.get(route)?.has(who.role as StaffRole) ?? false)
