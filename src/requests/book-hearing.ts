import { inMunicipality } from '../platform/database.ts'
import { Problem } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { HearingHours, Municipality } from '../town/model.ts'
import { type ComplaintKind, complain } from './complain.ts'
import { appointmentsAfter } from './store.ts'

const MINUTES = 30
const DAYS_AHEAD = 21
const MOST_OFFERED = 24

/** Every time at which somebody is heard in the next three weeks, from tomorrow. */
export function hearingTimes(hours: readonly HearingHours[], today: Temporal.PlainDate, timeZone: string): string[] {
  return Array.from({ length: DAYS_AHEAD }, (_, i) => today.add({ days: i + 1 })).flatMap((day) =>
    hours
      .filter(({ weekday }) => weekday === day.dayOfWeek)
      .flatMap(({ from, to }) => {
        const end = Temporal.PlainTime.from(to)
        const times: string[] = []
        for (
          let time = Temporal.PlainTime.from(from);
          Temporal.PlainTime.compare(time.add({ minutes: MINUTES }), end) <= 0 &&
          Temporal.PlainTime.compare(time.add({ minutes: MINUTES }), time) > 0;
          time = time.add({ minutes: MINUTES })
        )
          times.push(day.toZonedDateTime({ timeZone, plainTime: time }).toInstant().toString())
        return times
      }),
  )
}

/** The next times that nobody has yet. */
export async function freeTimes(deps: Pick<RegistryDeps, 'database' | 'clock'>, town: Municipality): Promise<string[]> {
  const today = deps.clock.now().toZonedDateTimeISO(town.timeZone).toPlainDate()
  const times = hearingTimes(town.hearingHours, today, town.timeZone)
  const taken = await inMunicipality(deps.database, town.id, (transaction) =>
    appointmentsAfter(transaction, new Date(deps.clock.now().epochMilliseconds)),
  )
  const gone = new Set(taken.map((row) => row.appointment_at?.getTime()))
  return times.filter((time) => !gone.has(Date.parse(time))).slice(0, MOST_OFFERED)
}

/**
 * A complaint to be said in person, at one of the free times.
 *
 * @throws {Problem} time-taken, also for a time that was never offered; too-many-complaints
 */
export async function bookHearing(
  deps: RegistryDeps,
  town: Municipality,
  {
    wanted,
    source,
  }: {
    wanted: { kind: ComplaintKind; language: string; at: string; idempotencyKey?: string | undefined }
    source: string
  },
): Promise<{ reference: string; at: string }> {
  const { kind, language, at, idempotencyKey } = wanted
  const day = deps.clock.now().toZonedDateTimeISO(town.timeZone).toPlainDate()
  // That it is free the database says: sent again with the same mark, it is the same appointment.
  if (!hearingTimes(town.hearingHours, day, town.timeZone).includes(at))
    throw new Problem('time-taken', 409, 'This time is not free. Choose another.')
  const { reference } = await complain(deps, town, {
    complaint: {
      kind,
      request: { asks: 'hearing' },
      language,
      appointmentAt: at,
      idempotencyKey: idempotencyKey && `${idempotencyKey} ${at}`,
    },
    source,
  })
  return { reference, at }
}
