import { CompiledQuery } from 'kysely'
import type { Rooms } from './app.tsx'
import { readEpochFile } from './keys/epoch-file.ts'
import { forgetPassingKeys } from './keys/passing-keys.ts'
import { ErasureWaits, type Turning, type TurningOptions, turnEpochs } from './keys/turning.ts'
import { askWitness, WITNESS, type Witness } from './ledger/cosigning.ts'
import type { Journal } from './ledger/journal.ts'
import { latestCheckpoint } from './ledger/proofs.ts'
import { sequencer } from './ledger/sequencer.ts'
import { NOTICES } from './messages/leave-message.ts'
import { type Channels, tellOfNotice } from './messages/notify.ts'
import { inMunicipality, type Transaction } from './platform/database.ts'
import { forgetWhatIsOver } from './platform/forgetting.ts'
import { lookAt, markSigned } from './platform/installation.ts'
import { type Item, type Work, wakeJobs } from './platform/jobs.ts'
import { forgetPublished } from './registry/departure/forget-published.ts'
import type { Municipality } from './town/model.ts'
import { listMunicipalities } from './town/store.ts'

const seconds = (count: number) => Temporal.Duration.from({ seconds: count })
const TOWN = 'town'

/** A town of an item. New ones are found without a restart. */
function towns(rooms: Rooms): (item: Item) => Promise<Municipality> {
  let known = new Map<string, Municipality>()
  let read = Number.NEGATIVE_INFINITY
  return async ({ municipalityId }) => {
    if (!known.has(municipalityId) || performance.now() - read > 60_000) {
      known = new Map((await listMunicipalities(rooms.database)).map((town) => [town.id, town]))
      read = performance.now()
    }
    const town = known.get(municipalityId)
    if (town === undefined) throw new Error('an item of no town')
    return town
  }
}

/** A minute after it, by the town's own clock: what was signed before the hour is known by then. @see last_hour, schema/0001_platform.sql */
const nextHour = (now: Temporal.Instant, { timeZone }: Pick<Municipality, 'timeZone'>): Temporal.Instant =>
  now
    .toZonedDateTimeISO(timeZone)
    .round({ smallestUnit: 'hour', roundingMode: 'floor' })
    .add({ hours: 1, minutes: 1 })
    .toInstant()

/** What ends erasures in the night. */
export interface NightlyTurning extends Turning {
  options?: TurningOptions | undefined
}

/** Everything that is done without anybody asking, for all towns of this installation. */
export function backgroundWork(
  rooms: Rooms,
  outside: {
    channels: Channels
    witnesses: readonly Witness[]
    journal?: Journal | undefined
    /** Witnesses are asked about each checkpoint as it is signed. @see PublishedLedger */
    ledgerAtOnce?: boolean | undefined
    /** Where epoch keys lie in a file. */
    turning?: NightlyTurning | undefined
  },
): readonly Work[] {
  const townOf = towns(rooms)
  const ledger = sequencer(rooms.database)
  const { journal, turning } = outside
  return [
    {
      kind: 'ledger-sequence',
      look: seconds(1),
      together: 2,
      patience: seconds(60),
      everywhere: TOWN,
      async wake() {
        if (journal) {
          // Over one connection of its own from beginning to end: whoever commits meanwhile waits for this with theirs.
          await rooms.database
            .connection()
            .execute((connection) =>
              journal.write(async (text, parameters) =>
                connection.executeQuery(CompiledQuery.raw(text, [...parameters])),
              ),
            )
          await lookAt(rooms.database, journal.watch)
        }
        await ledger.wake(rooms.clock.now())
      },
      async run(item) {
        const town = await townOf(item)
        // In the transaction that signs: nothing is signed over a database that was put back.
        const check = journal && ((transaction: Transaction) => lookAt(transaction, journal.watch))
        const placed = await ledger.place(town.id, await rooms.signers.of(town), check)
        if (placed === undefined) return seconds(1)
        if (placed > 0) {
          if (journal) await markSigned(rooms.database, journal.watch)
          const checkpoint = await latestCheckpoint(rooms.database, town.id)
          if (checkpoint) journal?.keepCheckpoint(town.id, checkpoint.note)
          const now = rooms.clock.now()
          await wakeJobs(rooms.database, {
            kind: WITNESS,
            municipalityIds: [town.id],
            at: outside.ledgerAtOnce ? now : nextHour(now, town),
          })
        }
        return 'asleep'
      },
    },
    // Each has a lane of its own: one that is away keeps none of the others from being asked.
    ...outside.witnesses.map(
      (witness): Work => ({
        kind: WITNESS,
        look: seconds(2),
        together: 4,
        patience: seconds(45),
        everywhere: witness.key.name,
        async run(item: Item) {
          await askWitness({ database: rooms.database, ledgerAtOnce: outside.ledgerAtOnce }, item.municipalityId, {
            witness,
          })
          // The next checkpoint wakes it.
          return seconds(3_600)
        },
      }),
    ),
    {
      kind: NOTICES,
      look: seconds(5),
      together: 6,
      patience: seconds(60),
      async run(item) {
        return tellOfNotice(rooms, await townOf(item), { channels: outside.channels, item })
      },
    },
    // An erasure leaves the item, for the night after it.
    ...(turning === undefined
      ? []
      : [
          {
            kind: 'epochs' as const,
            look: seconds(30),
            together: 1,
            patience: seconds(1_800),
            async run(item: Item) {
              const turned = await turnEpochs(turning, turning.options)
              if (turned.gone > 0)
                await rooms.gate.record(item.municipalityId, {
                  by: { kind: 'job', id: 'epochs' },
                  action: 'epoch-keys-destroyed',
                  occasion: { epochs: String(turned.gone) },
                })
              const more = await turning.copies?.prune(readEpochFile(turning.file))
              // Whoever runs this finds a line in the log, each time it is tried in vain.
              if (turned.broken > 0) throw new ErasureWaits('broken-keys')
              if (turned.waits === 'processes' || turned.waits === 'rows') throw new ErasureWaits(turned.waits)
              if (turned.waits === 'grace') return seconds(15)
              // Copies of the keys go with the last backups that need them.
              return more ? Temporal.Duration.from({ hours: 24 }) : 'done'
            },
          },
        ]),
    {
      kind: 'forgetting' as const,
      look: seconds(30),
      together: 1,
      patience: seconds(120),
      everywhere: TOWN,
      async run(item) {
        await forgetPublished(rooms.database, rooms.clock, item.municipalityId)
        const nothingLeft = await forgetWhatIsOver(rooms, item.municipalityId)
        const { municipalityId } = item
        await inMunicipality(rooms.database, municipalityId, (transaction) =>
          forgetPassingKeys(transaction, { municipalityId, now: rooms.clock.now() }),
        )
        return nothingLeft ? Temporal.Duration.from({ hours: 1 }) : seconds(1)
      },
    },
  ]
}
