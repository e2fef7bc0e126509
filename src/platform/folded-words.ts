import anyAscii from 'any-ascii'

/** Latin, lower case, without accents or apostrophes; anything else separates words. Any script goes in. */
export function foldedWords(text: string): string[] {
  return anyAscii(text.normalize('NFKD').replace(/\p{M}+/gu, ''))
    .toLowerCase()
    .replace(/['`’ʼ"]/g, '')
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 0)
}
