import { Incomplete, Problem } from '../platform/problem.ts'

/**
 * Everything that is sent, and no more than `most` bytes of it: what is longer is never held. A length that is declared is
 * kept by the HTTP parser; without one the bytes are counted as they come.
 *
 * @throws {Problem} too-large
 * @throws {Incomplete} where it ends before its end
 */
export async function bytesOf(request: Request, most: number): Promise<Uint8Array> {
  const declared = request.headers.get('content-length')
  if (declared !== null) {
    if (!(Number(declared) <= most)) throw tooLarge()
    const bytes = new Uint8Array(await request.arrayBuffer().catch(brokenOff))
    if (bytes.length > most) throw tooLarge()
    return bytes
  }
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body?.getReader()
  for (;;) {
    const { value, done } = (await reader?.read().catch(brokenOff)) ?? { done: true }
    if (done || value === undefined) break
    size += value.length
    if (size > most) {
      await reader?.cancel()
      throw tooLarge()
    }
    chunks.push(value)
  }
  return Buffer.concat(chunks)
}

const brokenOff = (): never => {
  throw new Incomplete()
}
const tooLarge = () => new Problem('too-large', 413, 'This is too large.')
