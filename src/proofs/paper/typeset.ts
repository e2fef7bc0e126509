import anyAscii from 'any-ascii'
import bidiFactory from 'bidi-js'
import type { DocumentFont } from './document-font.ts'
import { type Face, type Faces, graphemes, type Weight } from './fonts.ts'
import { isMark, type Piece, shaped, withoutBlankEnd } from './shape.ts'

const bidi = bidiFactory()

/** A stretch of text in one font and one direction, never longer than a word. */
interface Run {
  text: string
  face: Face
  /** Of embedding: an odd one runs from right to left. */
  level: number
  pieces: readonly Piece[]
  /** Ems. */
  width: number
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

/** @param faces of every text that will be written */
export function typesetter(font: DocumentFont, faces: Faces): Typesetter {
  // Kept for this document alone: names are among the words.
  const laid = new Map<string, Run[][]>()
  const linesOf = (text: string, width: number, { size, weight = 400, direction = 'ltr' }: TextStyle) => {
    const room = width / size
    const key = `${room} ${weight} ${direction} ${text}`
    const lines =
      laid.get(key) ??
      text.split('\n').flatMap((one) => broken(wordsIn(one, { faces, weight, direction }), room, weight))
    laid.set(key, lines)
    return lines
  }

  return {
    height: (text, width, style) => linesOf(text, width, style).length * style.size * LEADING,
    write(text, { x, y, width }, style) {
      const lines = linesOf(text, width, style)
      for (const [at, line] of lines.entries()) {
        let pen = style.direction === 'rtl' ? x + width - widthOf(line) * style.size : x
        const stretches = stretchesOf(line).map((stretch) => {
          const from = pen
          pen += stretch.width * style.size
          return { ...stretch, from }
        })
        const baseline = y + at * style.size * LEADING + style.size
        // In the order they are read: what is copied is taken as it was drawn.
        for (const { pieces, from } of stretches.sort((a, b) => a.read - b.read))
          font.draw(pieces, { x: from, baseline, size: style.size })
      }
      return lines.length * style.size * LEADING
    },
  }
}

/** Marks that say which way text runs; they are not drawn. */
const DIRECTIONS = /^[\u2066-\u2069\u200e\u200f\u061c\u202a-\u202e]+$/
/** Keeps a name of one direction from pulling its neighbours along. */
export const isolated = (text: string) => `\u2068${text}\u2069`

/** By rule, where nobody said how a name is written in Latin letters: never the name itself. */
export const inLatinLetters = (text: string) => anyAscii(text) || '?'

/** Letters that no font here has are written in Latin ones rather than as boxes. */
function drawable(text: string, faces: Faces): string {
  return [...graphemes.segment(text)]
    .map(({ segment }) => (faces(segment) ? segment : inLatinLetters(segment)))
    .join('')
}

function wordsIn(
  paragraph: string,
  { faces, weight, direction }: { faces: Faces; weight: Weight; direction: 'ltr' | 'rtl' },
) {
  const text = drawable(paragraph, faces)
  const { levels } = bidi.getEmbeddingLevels(text, direction)
  const starts = new Set([...words.segment(text)].map(({ index }) => index))
  const found: Pick<Run, 'text' | 'face' | 'level'>[][] = []
  for (const { segment: letter, index } of graphemes.segment(text)) {
    if (starts.has(index) || found.length === 0) found.push([])
    const face = faces(letter)
    if (face === undefined || DIRECTIONS.test(letter)) continue
    const level = levels[index] ?? 0
    const word = found.at(-1)
    const last = word?.at(-1)
    if (last?.face === face && last.level === level) last.text += letter
    else word?.push({ text: letter, face, level })
  }
  return found.map((word) => word.map((run) => laidOut(run, weight)))
}

function laidOut(run: Pick<Run, 'text' | 'face' | 'level'>, weight: Weight): Run {
  const pieces = shaped(run.text, { direction: run.level % 2 === 0 ? 'ltr' : 'rtl', face: run.face, weight })
  return { ...run, pieces, width: pieces.reduce((sum, { advance }) => sum + advance, 0) }
}

const widthOf = (runs: readonly Run[]) => runs.reduce((sum, { width }) => sum + width, 0)

/** Words in lines that are no wider than there is room, ems; one that is wider alone is broken between letters. */
function broken(all: readonly Run[][], room: number, weight: Weight): Run[][] {
  const lines: Run[][] = [[]]
  const line = () => lines.at(-1) ?? []
  for (const word of all) {
    const blank = word.every(({ text }) => text.trim() === '')
    const ending = word.every(({ text }) => ENDING.test(text))
    if (widthOf(line()) + widthOf(word) <= room || blank || (ending && widthOf(word) < 1)) {
      line().push(...word)
      continue
    }
    if (line().some(({ text }) => text.trim() !== '')) lines.push([])
    if (widthOf(word) <= room) line().push(...word)
    else
      for (const run of word.flatMap((one) => cut(one, room, weight))) {
        if (widthOf(line()) + run.width > room) lines.push([])
        line().push(run)
      }
  }
  return lines.map(trimmed)
}

function cut(run: Run, room: number, weight: Weight): Run[] {
  const parts: Run[] = []
  let part: Run | undefined
  for (const { segment } of graphemes.segment(run.text)) {
    const longer = laidOut({ ...run, text: (part?.text ?? '') + segment }, weight)
    if (part === undefined || longer.width <= room) part = longer
    else {
      parts.push(part)
      part = laidOut({ ...run, text: segment }, weight)
    }
  }
  return part ? [...parts, part] : parts
}

function trimmed(line: Run[]): Run[] {
  const end = line.findLastIndex(({ text }) => text.trim() !== '')
  return line.slice(0, end + 1)
}

/** Runs of a line from left to right, those of one level that stand together as one. */
function stretchesOf(line: readonly Run[]) {
  const stretches: { level: number; pieces: Piece[]; width: number; read: number }[] = []
  for (const { run, read } of reordered(line.map((run, read) => ({ run, read })))) {
    const last = stretches.at(-1)
    // A mark on the left of a word would be read with the blank before it.
    const apart = run.level % 2 === 1 && run.pieces[0] !== undefined && isMark(run.pieces[0])
    if (last?.level === run.level && !apart) {
      last.pieces.push(...run.pieces)
      last.width += run.width
      last.read = Math.min(last.read, read)
    } else stretches.push({ level: run.level, pieces: [...run.pieces], width: run.width, read })
  }
  return stretches.map((stretch) => ({ ...stretch, pieces: withoutBlankEnd(stretch.pieces) }))
}

/** Runs from left to right: each stretch of a level and above is turned round, the highest first. @see UAX 9, L2 */
function reordered<Placed extends { run: Run }>(logical: readonly Placed[]): Placed[] {
  const visual = [...logical]
  for (let level = Math.max(0, ...visual.map(({ run }) => run.level)); level > 0; level -= 1) {
    let start = 0
    while (start < visual.length) {
      if ((visual[start]?.run.level ?? 0) < level) {
        start += 1
        continue
      }
      let end = start
      while (end < visual.length && (visual[end]?.run.level ?? 0) >= level) end += 1
      visual.splice(start, end - start, ...visual.slice(start, end).reverse())
      start = end
    }
  }
  return visual
}
