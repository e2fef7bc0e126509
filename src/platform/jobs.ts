import type { Log } from './telemetry.ts'
import { outlineOf } from './telemetry.ts'

/**
 * Does background work again and again, one run at a time; a failed run is logged and the next one comes.
 *
 * @returns stops it and waits for the run under way
 */
export function repeat(
  name: string,
  pause: Temporal.Duration,
  log: Log,
  work: () => Promise<void>,
): () => Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false
  let running = Promise.resolve()

  async function run(): Promise<void> {
    try {
      await work()
    } catch (error) {
      log({ level: 'error', event: name, ...outlineOf(error) })
    }
    if (!stopped) schedule()
  }
  function schedule(): void {
    timer = setTimeout(() => {
      running = run()
    }, pause.total('milliseconds'))
    timer.unref()
  }
  schedule()
  return async () => {
    stopped = true
    clearTimeout(timer)
    await running
  }
}
