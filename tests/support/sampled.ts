/** Whether everything is tried: `npm run test:whole`. Otherwise long trials are sampled, the same each time. */
export const WHOLE = process.env.PADRON_WHOLE === '1'

/** Says of one in `n` trials, in the order they come, that it is made; of all where everything is tried. */
export function oneIn(n: number): () => boolean {
  let trial = 0
  return () => {
    trial += 1
    return WHOLE || trial % n === 1
  }
}
