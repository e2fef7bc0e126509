import { type Insertable, type RawBuilder, sql } from 'kysely'
import type { DB } from '../../schema/database.ts'
import type { Transaction } from '../platform/database.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Municipality } from '../town/model.ts'

// The SQL of notices and of how they were delivered.

export const keepNotice = (transaction: Transaction, row: Insertable<DB['notices']>) =>
  transaction.insertInto('notices').values(row).execute()

export const postponeNotice = (
  transaction: Transaction,
  { visibleFrom, dueBy, id }: { visibleFrom: Date; dueBy: Date; id: string },
) => transaction.updateTable('notices').set({ visible_from: visibleFrom, due_by: dueBy }).where('id', '=', id).execute()

/** Writes down by which way somebody was told. A better way takes the place of one in `before`. */
export const keepDelivery = (
  transaction: Transaction,
  {
    messages,
    municipalityId,
    channel,
    sentAt,
    before,
  }: { messages: readonly string[]; municipalityId: string; channel: string; sentAt: string; before: string[] },
) =>
  transaction
    .insertInto('notice_deliveries')
    .values(messages.map((id) => ({ notice_id: id, municipality_id: municipalityId, channel, sent_at: sentAt })))
    .onConflict((known) =>
      before.length === 0
        ? known.doNothing()
        : known
            .columns(['municipality_id', 'notice_id'])
            .doUpdateSet({ channel, sent_at: sentAt })
            .where('notice_deliveries.channel', 'in', before),
    )
    .executeTakeFirst()

export const deliverWaitingToPortal = (transaction: Transaction, townId: string) =>
  sql`
    insert into notice_deliveries (notice_id, municipality_id, channel, sent_at)
    select id, municipality_id, 'portal', clock_timestamp() from notices waiting
    where municipality_id = ${townId}::text::uuid and visible_from <= clock_timestamp()
      and not exists (select from notice_deliveries told where told.notice_id = waiting.id)`.execute(transaction)

export const noticesVisible = (
  transaction: Transaction,
  { neighbourId, visibleFrom }: { neighbourId: string; visibleFrom: Date },
) =>
  transaction
    .selectFrom('notices')
    .select(['id', 'kind', 'visible_from', 'details'])
    .where('neighbour_id', '=', neighbourId)
    .where('visible_from', '<=', visibleFrom)
    .orderBy('visible_from', 'desc')
    .execute()

export const undeliveredNotice = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('notices')
    .leftJoin('notice_deliveries', 'notice_deliveries.notice_id', 'notices.id')
    .select(['notices.id', 'neighbour_id', 'visible_from'])
    .where('notices.id', '=', id)
    .where('notice_id', 'is', null)
    .executeTakeFirst()

export const countLettersWaiting = (transaction: Transaction) =>
  transaction
    .selectFrom('notice_deliveries')
    .innerJoin('notices', 'notices.id', 'notice_id')
    .innerJoin('neighbours', 'neighbours.id', 'neighbour_id')
    .select((count) => count.fn.countAll<string>().as('count'))
    .where('channel', '=', 'portal')
    .where(mayHaveLetter('neighbours'))
    .where(worthALetter('notices'))
    .executeTakeFirstOrThrow()

export const lettersWaiting = (transaction: Transaction, most: number) =>
  transaction
    .selectFrom('notice_deliveries')
    .innerJoin('notices', 'notices.id', 'notice_id')
    .innerJoin('neighbours', 'neighbours.id', 'neighbour_id')
    .select(['notice_id', 'neighbour_id'])
    .where('channel', '=', 'portal')
    // What is not reached by a letter must not keep those who are from their place among the first.
    .where(mayHaveLetter('neighbours'))
    .where(worthALetter('notices'))
    .orderBy('notice_id')
    .limit(most)
    .execute()

export const noticesWithChannel = (
  transaction: Transaction,
  { neighbourId, visibleFrom }: { neighbourId: string; visibleFrom: Date },
) =>
  transaction
    .selectFrom('notices')
    .leftJoin('notice_deliveries', 'notice_deliveries.notice_id', 'notices.id')
    .select(['visible_from', 'channel'])
    .where('neighbour_id', '=', neighbourId)
    .where('visible_from', '<=', visibleFrom)
    .orderBy('visible_from', 'desc')
    .execute()

export const noticeIdsVisible = (
  transaction: Transaction,
  { neighbourId, visibleFrom }: { neighbourId: string; visibleFrom: Date },
) =>
  transaction
    .selectFrom('notices')
    .select('id')
    .where('neighbour_id', '=', neighbourId)
    .where('visible_from', '<=', visibleFrom)
    .execute()

/** What `reachOf` says of letters, for a query that counts without opening anybody: whether `neighbours`, a table by this name, may be written to by post. */
export const mayHaveLetter = (neighbours: string): RawBuilder<boolean> =>
  sql<boolean>`(not hides_whereabouts(${sql.ref(`${neighbours}.id`)}, ${sql.ref(`${neighbours}.protected`)}) and ${sql.ref(`${neighbours}.departed_on`)} is null)`

/** Messages that are worth a letter where nothing else reaches somebody: not that a card was changed, which they mostly did themselves. */
export const worthALetter = (notices: string): RawBuilder<boolean> =>
  sql<boolean>`${sql.ref(`${notices}.kind`)} <> 'ways-changed'`

/** Neighbours with no fixed address whose post waits where they have it kept. */
export function waitingAtReference(town: Pick<Municipality, 'id'>, { clock }: Pick<RegistryDeps, 'clock'>) {
  const since = clock
    .now()
    .subtract({ hours: 24 * KEPT_DAYS })
    .toString()
  return sql<{ id: string }>`
    select distinct notice.neighbour_id as id from notices notice
    join notice_deliveries told on told.notice_id = notice.id and told.channel in ('portal', 'post')
    join neighbours n on n.id = notice.neighbour_id and ${mayHaveLetter('n')}
    join residences r on r.neighbour_id = n.id and r.superseded_at is null and r.valid_to is null
    join households h on h.id = r.household_id
    join addresses a on a.id = h.address_id and a.kind = 'no-fixed-address'
    where notice.municipality_id = ${town.id} and notice.visible_from > ${since}::text::timestamptz`
}

/** Post that nobody fetched for so long has gone back. */
export const KEPT_DAYS = 90

export const noticesOfOrders = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('notices')
    .select(['id', 'details'])
    .where('neighbour_id', '=', neighbourId)
    .where('kind', '=', 'access-request')
    .orderBy('visible_from', 'desc')
    .execute()
