import { SignPdf } from '@signpdf/signpdf'
import { Signer } from '@signpdf/utils'
import { correction, generate } from 'lean-qr'
import { longDay } from '../../platform/locale-tag.ts'
import { type Municipality, townName } from '../../town/model.ts'
import { birthWords } from '../birth-words.ts'
import { claimName } from '../claim-names.ts'
import type { KeyDeps } from '../signing-keys.ts'
import { printSheet, type Text } from './document.ts'
import { sealWith } from './document-seal.ts'
import { canPrint } from './fonts.ts'
import type { Letter, Paper, PlainDocument, Renderer } from './paper.ts'
import { paperTexts as texts } from './paper-words.ts'
import { inLatinLetters, isolated } from './typeset.ts'

type Language = keyof typeof texts

/** Prints papers and puts the city's seal on them. On Node: it reads font files. */
export function createRenderer(deps: KeyDeps): Renderer {
  const sealOf = sealWith(deps, (pdf, signature) => {
    class City extends Signer {
      override async sign(content: Buffer): Promise<Buffer> {
        return Buffer.from(await signature(content))
      }
    }
    return new SignPdf().sign(pdf, new City())
  })
  return {
    papers: async (town) => {
      const seal = await sealOf(town)
      return async (paper) => seal(await printPaper(town, paper))
    },
    letter: async (town, letter) => (await sealOf(town))(await printLetter(town, letter)),
    plain: async (town, document) => (await sealOf(town))(await printPlain(town, document)),
  }
}

const inLanguages = (languages: readonly string[]) =>
  languages.filter((one): one is Language => Object.hasOwn(texts, one))
const nameIn = townName

async function printPaper(town: Municipality, paper: Paper): Promise<Buffer> {
  const languages = inLanguages(paper.languages)
  const first = languages[0] ?? 'en'
  const fill = (language: Language, key: keyof (typeof texts)['en'], more: Record<string, string> = {}): Text => {
    const values: Record<string, string> = { town: nameIn(town, language), address: checkingAddress(town), ...more }
    return { language, text: texts[language][key].replaceAll(/\{(\w+)\}/g, (_, name) => values[name] ?? '') }
  }
  const all = (key: keyof (typeof texts)['en'], more: Record<string, string> = {}) =>
    languages.map((language) => fill(language, key, more))
  const day = (iso: string) => dayIn(first, iso)
  const gaps = (value: string) => value.replaceAll(/\d{4}-\d{2}-\d{2}/g, day)
  const born = (claim: string) => birthWords(claim, first, texts[first])
  const title = fill(first, paper.kind).text
  const created = new Date(paper.issuedAt)
  const names = await namesToPrint([
    ...paper.fields,
    ...(paper.members ?? []).map(({ name, latin }) => ({ value: name, latin })),
  ])

  return printSheet({ title, language: first, author: nameIn(town, first), created }, (sheet) => {
    sheet.paragraph({ text: nameIn(town, first), language: first }, { size: 12, weight: 700 })
    sheet.heading(1, all(paper.kind))
    for (const piece of all('statement')) sheet.paragraph(piece)
    sheet.space(10)
    for (const { name, value } of paper.fields) {
      const labels = languages.map((language) => ({ language, text: claimName(name, language) }))
      if (typeof value === 'boolean') sheet.field(labels, fill(first, value ? 'yes' : 'no'))
      else {
        const text =
          name === 'birthdate'
            ? born(value)
            : /since$/.test(name)
              ? day(value)
              : name === 'residence_gaps'
                ? gaps(value)
                : names.of(value)
        sheet.field(labels, { text, language: paper.nameLanguage })
      }
    }
    if (paper.members) {
      sheet.space(6)
      sheet.heading(2, all('members'))
      for (const { name, dateOfBirth } of paper.members)
        sheet.paragraph(
          { text: [names.of(name), dateOfBirth ? born(dateOfBirth) : ''].filter(Boolean).join(' · '), language: first },
          { size: 11 },
        )
    }
    if (paper.periods) {
      sheet.space(6)
      sheet.heading(2, all('periods'))
      for (const { from, to, address } of paper.periods) {
        const until = to === null ? fill(first, 'now').text : fill(first, 'until', { day: day(to) }).text
        sheet.paragraph({ text: `${day(from)} – ${until}: ${isolated(address)}`, language: first }, { size: 11 })
      }
    }
    if (names.inLatinAlone) for (const piece of all('latinLetters')) sheet.paragraph(piece, { size: 9 })
    sheet.space(6)
    sheet.field(all('issued'), { text: day(paper.issuedOn), language: first })
    sheet.field(all('expires'), { text: day(paper.expiresOn), language: first })
    sheet.space(8)
    sheet.heading(2, [fill(first, 'checkTitle')])
    sheet.figure(fill(first, 'alternative'), {
      size: 150,
      draw: (pdf, x, y) => drawQr(pdf, { text: paper.qr, x, y, size: 150 }),
      beside: [
        fill(first, 'code', { code: paper.code }),
        ...languages.slice(0, 2).map((language) => fill(language, 'check')),
      ],
    })
    for (const piece of all('sealed')) sheet.paragraph(piece, { size: 8 })
    sheet.signatureField(nameIn(town, first), created, title)
  })
}

/**
 * Names as they are printed: in their own letters with the Latin ones that the record holds beside them, where those
 * are others. A name in letters that no font here has is printed in Latin ones, and the paper says so.
 */
async function namesToPrint(fields: readonly { value: string | boolean; latin?: string | undefined }[]) {
  const printed = new Map<string, string>()
  let inLatinAlone = false
  for (const { value, latin } of fields) {
    if (typeof value === 'boolean') continue
    const known = await canPrint(value)
    inLatinAlone ||= !known
    if (!known) printed.set(value, isolated(latin ?? inLatinLetters(value)))
    else printed.set(value, latin && latin !== value ? `${isolated(value)} · ${isolated(latin)}` : isolated(value))
  }
  return { inLatinAlone, of: (name: string) => printed.get(name) ?? isolated(name) }
}

async function printLetter(town: Municipality, letter: Letter): Promise<Buffer> {
  const [first] = letter.languages
  if (first === undefined) throw new Error('a letter in no language')
  const created = new Date(letter.writtenAt.epochMilliseconds)
  const author = nameIn(town, first.language)
  return printSheet({ title: first.title, language: first.language, author, created }, (sheet) => {
    for (const { language, title, paragraphs, rules, digest } of letter.languages) {
      sheet.heading(1, [{ text: title, language }])
      const [opening = '', ...rest] = paragraphs
      sheet.paragraph({ text: opening, language }, { size: 11 })
      for (const text of rest) sheet.paragraph({ text, language }, { size: 11 })
      for (const text of rules) sheet.paragraph({ text: `– ${text}`, language }, { size: 10 })
      sheet.paragraph({ text: digest, language }, { size: 8 })
      sheet.space(14)
    }
    sheet.signatureField(author, created, first.title)
  })
}

async function printPlain(town: Municipality, document: PlainDocument): Promise<Buffer> {
  const { title, language } = document
  const created = new Date(document.writtenAt.epochMilliseconds)
  const author = nameIn(town, language)
  const [tongue = 'en'] = inLanguages([language])
  const words = document.sections.flatMap(({ fields = [], lines = [] }) => [
    ...fields.map(([, value]) => value),
    ...lines,
  ])
  const inLatinAlone = !(await canPrint(words.join('\n')))
  return printSheet({ title, language, author, created }, (sheet) => {
    for (const [n, section] of document.sections.entries()) {
      const tongue = section.language ?? language
      if (section.apart && n > 0) sheet.page()
      if (section.heading) sheet.heading(n === 0 ? 1 : 2, [{ text: section.heading, language: tongue }])
      for (const [label, value] of section.fields ?? [])
        sheet.field([{ text: label, language: tongue }], { text: isolated(value), language: tongue })
      for (const text of section.lines ?? []) sheet.paragraph({ text, language: tongue }, { size: 11 })
      sheet.space(10)
    }
    if (inLatinAlone) sheet.paragraph({ text: texts[tongue].latinLetters, language: tongue }, { size: 9 })
    sheet.signatureField(author, created, title)
  })
}

const checkingAddress = (town: Municipality) => `${town.issuer.replace(/^https?:\/\//, '')}/v`

/** A day as the language writes it; a date known in part stays as it is. */
function dayIn(language: string, iso: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(iso)) return iso
  return longDay(language, iso)
}

function drawQr(
  pdf: PDFKit.PDFDocument,
  { text, x, y, size }: { text: string; x: number; y: number; size: number },
): void {
  const code = generate(text, { minCorrectionLevel: correction.M, maxCorrectionLevel: correction.M })
  const quiet = 4
  const module = size / (code.size + 2 * quiet)
  for (let row = 0; row < code.size; row += 1) {
    for (let column = 0; column < code.size; column += 1) {
      if (code.get(column, row)) pdf.rect(x + (column + quiet) * module, y + (row + quiet) * module, module, module)
    }
  }
  pdf.fill('black')
}
