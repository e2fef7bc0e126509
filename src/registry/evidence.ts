/** A document's number as a keyed hash: recognises the same document, says nothing about it. Spaces, dashes and case do not matter. */
export function documentHash(hash: (text: string) => Buffer, document: string): Buffer {
  return hash(
    `document\u0000${document
      .normalize('NFKC')
      .toUpperCase()
      .replace(/[^\p{L}\p{N}]/gu, '')}`,
  )
}
