import type { Disclosed } from '../../src/firewall/disclosed.ts'

/** What a counter's page shows, read where only a test may. */
export async function shownTo<T>(opened: Promise<Disclosed<T>>): Promise<T> {
  let seen: T | undefined
  ;(await opened).map((value) => {
    seen = value
    return value
  })
  if (seen === undefined) throw new Error('nothing was shown')
  return seen
}
