import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(8192)
let at = pool.length

/** Random bytes of the system's generator, drawn many at a time: a registration needs a dozen small draws. */
export function randomBytes(count: number): Buffer {
  if (count > pool.length / 8) return randomFillSync(Buffer.alloc(count))
  if (at + count > pool.length) {
    randomFillSync(pool)
    at = 0
  }
  const drawn = Buffer.from(pool.subarray(at, at + count))
  // What was given out is not kept here.
  pool.fill(0, at, at + count)
  at += count
  return drawn
}
