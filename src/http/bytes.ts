import { Problem } from '../platform/problem.ts'

/**
 * Everything that is sent, and no more than `most` bytes of it: what is longer is never held. A length that is declared is
 * kept by the HTTP parser; without one the bytes are counted as they come.
 *
 * @throws {Problem} too-large
 */
export async function bytesOf(request: Request, most: number): Promise<Uint8Array> {
  const declared = request.headers.get('content-length')
  if (declared !== null) {
    if (!(Number(declared) <= most)) throw tooLarge()
    const bytes = new Uint8Array(await request.arrayBuffer())
    if (bytes.length > most) throw tooLarge()
    return bytes
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    if (size > most) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const tooLarge = () => new Problem('too-large', 413, 'This is too large.')
