import type { Requester, Staff } from '../firewall/requester.ts'
import type * as http from '../http/route.ts'
import type { Municipality } from '../town/model.ts'

/** What the front door knows of a request in this service. */
export interface World {
  town: Municipality
  requester: Requester
  staff: Staff
}

export type App = http.App<World>
export type Incoming = http.Incoming<World>
