import { Problem } from '../platform/problem.ts'

/** Everything that is sent, and no more than `most` bytes of it. @throws {Problem} too-large */
export async function bytesOf(request: Request, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    if (size > most) throw new Problem('too-large', 413, 'This file is too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
