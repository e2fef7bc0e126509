import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { gatheringLog } from '../../src/platform/telemetry.ts'

function gathered() {
  const writes: string[] = []
  const events = () =>
    writes.map((text) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).event),
    )
  return { ...gatheringLog({ write: (text) => writes.push(text) }), events }
}

test('lines of one turn are one write, each a line of its own, in order', async () => {
  const { log, events } = gathered()
  log({ level: 'info', event: 'first' })
  log({ level: 'info', event: 'second' })
  expect(events()).toEqual([])
  await nextTurn()
  log({ level: 'info', event: 'third' })
  await nextTurn()
  expect(events()).toEqual([['first', 'second'], ['third']])
})

test('an error is written at once, after what waited', async () => {
  const { log, events } = gathered()
  log({ level: 'info', event: 'first' })
  log({ level: 'error', event: 'broken' })
  expect(events()).toEqual([['first', 'broken']])
  await nextTurn()
  expect(events()).toHaveLength(1)
})

test('what waits when the process ends is written then', () => {
  const { log, flush, events } = gathered()
  log({ level: 'info', event: 'last' })
  flush()
  flush()
  expect(events()).toEqual([['last']])
})
