/** Below this, a number may point at somebody. */
export const SMALLEST_CELL = 10

/** What is published of a number: nothing, when it is small but not zero; else rounded down to a multiple of five. */
export function cell(count: number): number | null {
  if (count === 0) return 0
  return count < SMALLEST_CELL ? null : count - (count % 5)
}
