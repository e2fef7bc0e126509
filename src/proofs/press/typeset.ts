import anyAscii from 'any-ascii'
import bidiFactory from 'bidi-js'
import { type Face, faceFor, type Weight } from './fonts.ts'

type Document = PDFKit.PDFDocument
const bidi = bidiFactory()

/** A stretch of text in one font and one direction, in the order it is read. */
interface Run {
  text: string
  face: Face
  level: number
}

export interface TextStyle {
  size: number
  weight?: Weight
  direction?: 'ltr' | 'rtl'
}

/** Blanks and marks that stay with the word before them. */
const ENDING = /^[\s\p{Pe}\p{Pf}\p{Po}]*$/u
const words = new Intl.Segmenter('und', { granularity: 'word' })

/** Writes text of any script, right to left where it is, into a box of a page. */
export interface Typesetter {
  /** @returns how high the text stands, points */
  write(text: string, box: { x: number; y: number; width: number }, style: TextStyle): number
  height(text: string, width: number, style: TextStyle): number
}

const LEADING = 1.4

export function typesetter(document: Document): Typesetter {
  const registered = new Set<string>()

  function use(face: Face, weight: Weight, size: number): void {
    const name = `${face.name}-${weight}`
    if (!registered.has(name)) {
      // The library takes a parsed font too, which its types do not say.
      document.registerFont(name, face.font(weight) as never)
      registered.add(name)
    }
    document.font(name).fontSize(size)
  }

  // Kept for this document alone: names are among the words.
  const advances = new Map<string, number>()
  const widthOf = ({ text, face }: Run, { size, weight = 400 }: TextStyle) => {
    const key = `${face.name} ${weight} ${text}`
    const font = face.font(weight)
    const wide = advances.get(key) ?? font.layout(text, []).advanceWidth / font.unitsPerEm
    advances.set(key, wide)
    return wide * size
  }

  function lines(text: string, width: number, style: TextStyle): string[] {
    const done: string[] = []
    for (const paragraph of drawable(text).split('\n')) {
      let line = ''
      let wide = 0
      for (const { segment } of words.segment(paragraph)) {
        const more = runs(segment, style.direction).reduce((sum, run) => sum + widthOf(run, style), 0)
        const stays = ENDING.test(segment)
        if (wide + more <= width || line === '' || stays) {
          line += segment
          wide += more
        } else {
          done.push(line.trimEnd())
          line = segment
          wide = more
        }
      }
      done.push(line.trimEnd())
    }
    return done
  }

  return {
    height: (text, width, style) => lines(text, width, style).length * style.size * LEADING,
    write(text, { x, y, width }, style) {
      const all = lines(text, width, style)
      for (const [at, line] of all.entries()) {
        const visual = reordered(runs(line, style.direction))
        const widths = visual.map((run) => widthOf(run, style))
        const whole = widths.reduce((sum, one) => sum + one, 0)
        let pen = style.direction === 'rtl' ? x + width - whole : x
        for (const [i, run] of visual.entries()) {
          use(run.face, style.weight ?? 400, style.size)
          const baseline = y + at * style.size * LEADING + style.size
          document.text(run.text, pen, baseline, { lineBreak: false, features: [], baseline: 'alphabetic' })
          pen += widths[i] ?? 0
        }
      }
      return all.length * style.size * LEADING
    },
  }
}

/** Marks that say which way text runs; they are not drawn. */
const DIRECTIONS = /[\u2066-\u2069\u200e\u200f\u061c\u202a-\u202e]/
/** Keeps a name of one direction from pulling its neighbours along. */
export const isolated = (text: string) => `\u2068${text}\u2069`

/** Letters that no font here has are written in Latin ones rather than as boxes. */
function drawable(text: string): string {
  return [...text.normalize('NFC')]
    .map((letter) => {
      const codePoint = letter.codePointAt(0) ?? 0
      if (letter === '\n' || DIRECTIONS.test(letter) || faceFor(codePoint, undefined)) return letter
      return anyAscii(letter)
    })
    .join('')
}

function runs(line: string, direction: 'ltr' | 'rtl' = 'ltr'): Run[] {
  if (line === '') return []
  const embedding = bidi.getEmbeddingLevels(line, direction)
  const mirrored = bidi.getMirroredCharactersMap(line, embedding.levels)
  const found: Run[] = []
  let at = 0
  for (const letter of line) {
    const level = embedding.levels[at] ?? 0
    const last = found.at(-1)
    const face = faceFor(letter.codePointAt(0) ?? 0, last?.face)
    const text = mirrored.get(at) ?? letter
    at += letter.length
    if (face === undefined || DIRECTIONS.test(letter)) continue
    if (last && last.level === level && last.face === face) last.text += text
    else found.push({ text, face, level })
  }
  return found.map(turned)
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/

/** The library lays out letters of such scripts from the right itself, and commas and blanks between them from the left. */
const turned = (run: Run): Run =>
  run.level % 2 === 0 || RIGHT_TO_LEFT.test(run.text) ? run : { ...run, text: [...run.text].reverse().join('') }

/** Runs from left to right: each stretch of a level and above is turned round, the highest first. @see UAX 9, L2 */
function reordered(logical: Run[]): Run[] {
  const visual = [...logical]
  const levels = visual.map((run) => run.level)
  for (let level = Math.max(0, ...levels); level > 0; level -= 1) {
    let start = 0
    while (start < visual.length) {
      if ((visual[start]?.level ?? 0) < level) {
        start += 1
        continue
      }
      let end = start
      while (end < visual.length && (visual[end]?.level ?? 0) >= level) end += 1
      visual.splice(start, end - start, ...visual.slice(start, end).reverse())
      start = end
    }
  }
  return visual
}
