import { isToldWhere, Refusal, type Resident } from '../../firewall/requester.ts'
import { letWayWork } from '../../identity/resident-store.ts'
import { noticeOfWays } from '../../identity/telling.ts'
import { NotFound } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { onRecord } from '../on-record.ts'

/**
 * Lets a card or a telephone work at once that was to work later: a neighbour says so who came in by what they had before.
 *
 * @param id the card's, or the telephone's handle
 * @throws {NotFound} where nothing of theirs waits under this id
 * @throws {Refusal} for anybody else, and for who helps or acts for them
 */
export async function letWorkNow(
  deps: RegistryDeps,
  { town, by: resident }: Acting<Resident>,
  id: string,
): Promise<void> {
  await onRecord(
    deps,
    { town, by: resident },
    {
      id: resident.neighbourId,
      action: 'correct',
      fields: [],
      use: async (_, { transaction }) => {
        // Whoever is not shown where they live lets nobody see it.
        if (!isToldWhere(resident)) throw new Refusal()
        if (!(await letWayWork(transaction, { neighbourId: resident.neighbourId, id }))) throw new NotFound()
        await noticeOfWays(transaction, { deps, town, neighbourId: resident.neighbourId })
      },
    },
  )
}
