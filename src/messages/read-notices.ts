import type { Disclosed } from '../firewall/disclosed.ts'
import type { Resident } from '../firewall/requester.ts'
import type { MessageKind } from '../identity/telling.ts'
import { type Clock, today } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import { heardFrom } from '../registry/person/neighbours.ts'
import { timeToAsk } from '../registry/residence/confirm.ts'
import { loadOutline } from '../registry/store.ts'
import type { Acting, Municipality } from '../town/model.ts'
import { leaveMessage } from './leave-message.ts'
import { noticesVisible } from './store.ts'

export interface Notice {
  kind: MessageKind
  at: string
  /** What the law wants told of an order on which their record was opened. */
  order?: OrderTold
}

/** What a neighbour finds when they come in. */
export interface Messages {
  notices: Notice[]
  /** Nothing was heard from them for long: they are asked whether they still live here. */
  stillHere: boolean
}

/** What a neighbour must be told, from the day it may be told. @throws {NotFound} {Refusal} */
export async function messagesOf(
  deps: RegistryDeps,
  { town, by: resident }: Acting<Resident>,
): Promise<Disclosed<Messages>> {
  const now = new Date(deps.clock.now().epochMilliseconds)
  return deps.gate.open<Record<never, never>, never, Messages>(
    { municipalityId: town.id, requester: resident, action: 'open', purpose: 'own-record', fields: [] },
    (transaction) => loadOutline(transaction, resident.neighbourId, { trueAt: today(deps.clock, town.timeZone) }),
    async ([record], unit) => {
      if (record === undefined) throw new NotFound()
      const rows = await noticesVisible(unit.transaction, { neighbourId: resident.neighbourId, visibleFrom: now })
      return {
        notices: rows.map((row) => ({
          kind: row.kind as MessageKind,
          at: row.visible_from.toISOString(),
          ...(row.kind === 'access-request' && row.details
            ? {
                order: unit.reopen(
                  resident.neighbourId,
                  { table: 'notices', column: 'details', row: row.id },
                  row.details,
                ) as OrderTold,
              }
            : {}),
        })),
        stillHere: timeToAsk(deps, town, await heardFrom(unit, town, resident.neighbourId)),
      }
    },
  )
}

/** Lets a neighbour know that something they asked was answered; what was answered is with what they asked. */
export async function noticeOfAnswer(
  transaction: Transaction,
  { clock, town, neighbourId }: { clock: Clock; town: Municipality; neighbourId: string },
): Promise<void> {
  await leaveMessage(transaction, town, { neighbourId, kind: 'answer', visibleFrom: clock.now() })
}

/** What a neighbour was told of an order. */
export interface OrderTold {
  reference: string
  authority: string
  basis: string
  fields: string[]
  /** RFC 3339. */
  openedAt: string
}
