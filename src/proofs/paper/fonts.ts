import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Blob, Font, Face as FontTables, Variation } from 'harfbuzzjs'
import decompress from 'woff2-encoder/decompress'

export type Weight = 400 | 700

/** Units to the em in which letters are measured and drawn, whatever their font counts in. */
export const EM = 2000

/** A font that has been read. */
export interface Face {
  name: string
  /** Whether it has a letter, not whether its list of ranges says so: some claim letters they lack. */
  has(codePoint: number): boolean
  weight(weight: Weight): Font
}

/** A font file and the letters it is for, before it is read. */
interface FontFile {
  mayHave(codePoint: number): boolean
  read(): Promise<Face>
}

/** Scripts beside Latin, Greek, Cyrillic and Devanagari, which the first font has. One is added by adding its package here. */
const SCRIPTS = [
  '@fontsource-variable/noto-sans-arabic',
  '@fontsource-variable/noto-sans-hebrew',
  '@fontsource-variable/noto-sans-syriac',
  '@fontsource-variable/noto-sans-thaana',
  '@fontsource-variable/noto-sans-armenian',
  '@fontsource-variable/noto-sans-georgian',
  '@fontsource-variable/noto-sans-ethiopic',
  '@fontsource-variable/noto-sans-bengali',
  '@fontsource-variable/noto-sans-gurmukhi',
  '@fontsource-variable/noto-sans-gujarati',
  '@fontsource-variable/noto-sans-oriya',
  '@fontsource-variable/noto-sans-tamil',
  '@fontsource-variable/noto-sans-telugu',
  '@fontsource-variable/noto-sans-kannada',
  '@fontsource-variable/noto-sans-malayalam',
  '@fontsource-variable/noto-sans-sinhala',
  '@fontsource-variable/noto-sans-thai',
  '@fontsource-variable/noto-sans-lao',
  '@fontsource-variable/noto-sans-khmer',
  '@fontsource-variable/noto-sans-myanmar',
  '@fontsource-variable/noto-serif-tibetan',
  '@fontsource/noto-sans-nko',
  '@fontsource/noto-sans-tifinagh',
  '@fontsource-variable/noto-sans-sc',
  '@fontsource-variable/noto-sans-kr',
  '@fontsource-variable/noto-sans-tc',
  '@fontsource-variable/noto-sans-jp',
] as const

const require = createRequire(import.meta.url)
const folderOf = (name: string) => dirname(require.resolve(`${name}/package.json`))
let files: FontFile[] | undefined

/** Every font file there is, in the order they are asked; each is read when a letter needs it, and kept. */
function allFiles(): FontFile[] {
  files ??= [latin(), ...SCRIPTS.flatMap(ofScript)]
  return files
}

/** Latin, Greek, Cyrillic and Devanagari whole: a letter with two marks needs all three of one font. */
function latin(): FontFile {
  const folder = folderOf('@expo-google-fonts/noto-sans')
  const file = (name: string) => readFileSync(join(folder, name, `NotoSans_${name}.ttf`))
  return {
    mayHave: () => true,
    read: kept(async () => face('noto-sans', { 400: file('400Regular'), 700: file('700Bold') })),
  }
}

function ofScript(name: (typeof SCRIPTS)[number]): FontFile[] {
  const folder = folderOf(name)
  const family = name.slice(name.indexOf('/') + 1)
  const script = family.slice(family.lastIndexOf('-') + 1)
  const byPart = ['sc', 'kr', 'tc', 'jp'].includes(script)
  const ranges: Record<string, string> = JSON.parse(readFileSync(join(folder, 'unicode.json'), 'utf8'))
  const style = name.startsWith('@fontsource-variable/') ? 'wght' : '400'
  return Object.entries(ranges)
    .map(([key, list]) => ({ part: key.replaceAll(/[[\]]/g, ''), list }))
    .filter(({ part }) => byPart || part === script)
    .map(({ part, list }) => {
      const covered = parseRanges(list)
      return {
        mayHave: (codePoint) => covered.some(([from, to]) => codePoint >= from && codePoint <= to),
        read: kept(async () => {
          const packed = readFileSync(join(folder, 'files', `${family}-${part}-${style}-normal.woff2`))
          const font = await decompress(packed)
          return face(`${family}-${part}`, { 400: font, 700: font })
        }),
      }
    })
}

function kept<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make()
    return made
  }
}

function face(name: string, data: Record<Weight, Uint8Array>): Face {
  const weighted = (weight: Weight) => {
    const font = new Font(new FontTables(new Blob(data[weight])))
    if ('wght' in font.face.getAxisInfos()) font.setVariations([new Variation('wght', weight)])
    font.setScale(EM, EM)
    return font
  }
  const fonts = { 400: weighted(400), 700: weighted(700) }
  const letters = new Set(fonts[400].face.collectUnicodes())
  return { name, has: (codePoint) => letters.has(codePoint), weight: (weight) => fonts[weight] }
}

function parseRanges(list: string): [number, number][] {
  return list.split(',').map((range) => {
    const [from = '', to = from] = range.trim().replace(/^U\+/i, '').split('-')
    return [Number.parseInt(from, 16), Number.parseInt(to, 16)]
  })
}

/** What is never drawn: joiners, variants of letters, marks of direction. It never decides which font is taken. */
const IGNORED = /[\p{Cf}\p{Cc}\p{Variation_Selector}]/u
export const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })

/** What a letter that no font has is written in. */
const PLAIN = Array.from({ length: 95 }, (_, at) => String.fromCharCode(0x20 + at)).join('')

/** The font that has a whole letter with its marks, where one has. */
export type Faces = (grapheme: string) => Face | undefined

/** Reads the fonts that texts need, those that are there already from memory. */
export async function facesFor(texts: Iterable<string>): Promise<Faces> {
  const found = new Map<string, Face | undefined>()
  for (const text of [PLAIN, ...texts]) {
    for (const { segment } of graphemes.segment(text)) {
      if (!found.has(segment)) found.set(segment, await faceWith(segment))
    }
  }
  return (grapheme) => {
    if (!found.has(grapheme)) throw new RangeError('its fonts have not been read')
    return found.get(grapheme)
  }
}

async function faceWith(grapheme: string): Promise<Face | undefined> {
  const ways = [grapheme, grapheme.normalize('NFC'), grapheme.normalize('NFD')].map((way) =>
    [...way].filter((letter) => !IGNORED.test(letter)).map((letter) => letter.codePointAt(0) ?? 0),
  )
  for (const file of allFiles()) {
    if (!ways.some((way) => way.every(file.mayHave))) continue
    const face = await file.read()
    if (ways.some((way) => way.every(face.has))) return face
  }
  return undefined
}

/** Whether every letter of a text can be printed. */
export async function canPrint(text: string): Promise<boolean> {
  const faces = await facesFor([text])
  return [...graphemes.segment(text)].every(({ segment }) => faces(segment) !== undefined)
}
