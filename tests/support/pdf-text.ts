/** A document's text as a screen reader is given it. */
export function textOfPdf(pdf: Buffer): string {
  const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }
  return [...pdf.toString('latin1').matchAll(/\/ActualText \(((?:\\[\s\S]|[^\\)])*)\)/g)]
    .map(([, raw = '']) => raw.replaceAll(/\\([\s\S])/g, (_, letter: string) => escapes[letter] ?? letter))
    .map((text) => (text.startsWith('þÿ') ? Buffer.from(text.slice(2), 'latin1').swap16().toString('utf16le') : text))
    .join('\n')
}
