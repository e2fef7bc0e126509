import { ClusterLevel, Direction, Buffer as Run, shape } from 'harfbuzzjs'
import { EM, type Face, type Weight } from './fonts.ts'

/** One for all: it lies outside the memory that is cleared by itself. */
const run = new Run()

/** A letter and what is drawn for it; of letters drawn together the first has the drawing, the others have none. */
export interface Piece {
  /** Names the drawing and the letter together. */
  key: string
  /** What somebody who copies it gets, and a screen reader reads: one letter, with what is never drawn beside it. */
  text: string
  /** Ems. */
  advance: number
  /** Outlines of a font and where they stand, units of {@link EM}. */
  parts: readonly { id: number; x: number; y: number }[]
  face: Face
  weight: Weight
}

/**
 * Shapes text of one font and one direction. Every letter is a piece of its own, in its place, so that what is copied
 * out of a document is what was written, whatever was drawn: signs that go before their consonant, several letters as one.
 *
 * @returns pieces from left to right, whichever way the text runs
 */
export function shaped(
  text: string,
  { direction, face, weight }: { direction: 'ltr' | 'rtl'; face: Face; weight: Weight },
): Piece[] {
  run.reset()
  run.setClusterLevel(ClusterLevel.MONOTONE_GRAPHEMES)
  run.addText(text)
  run.guessSegmentProperties()
  run.setDirection(direction === 'rtl' ? Direction.RTL : Direction.LTR)
  shape(face.weight(weight), run)
  const clusters = new Map<number, { x: number; parts: { id: number; x: number; y: number }[] }>()
  for (const { codepoint: id, cluster, xAdvance = 0, xOffset = 0, yOffset = 0 } of run.getGlyphInfosAndPositions()) {
    const known = clusters.get(cluster) ?? { x: 0, parts: [] }
    known.parts.push({ id, x: known.x + xOffset, y: yOffset })
    known.x += xAdvance
    clusters.set(cluster, known)
  }
  const starts = [...clusters.keys()].sort((a, b) => a - b)
  const logical = starts.flatMap((start, at): Omit<Piece, 'key'>[] => {
    const { x = 0, parts = [] } = clusters.get(start) ?? {}
    return [...text.slice(start, starts[at + 1])].map((letter, n) =>
      n === 0
        ? { text: letter, advance: x / EM, parts, face, weight }
        : { text: letter, advance: 0, parts: [], face, weight },
    )
  })
  const whole = withUndrawn(logical, direction)
  return (direction === 'rtl' ? whole.reverse() : whole).map(keyed)
}

function keyed(piece: Omit<Piece, 'key'>): Piece {
  const { face, weight, text, advance, parts } = piece
  return {
    ...piece,
    key: [face.name, weight, text, advance, ...parts.map(({ id, x, y }) => `${id},${x},${y}`)].join(' '),
  }
}

/** A mark that is read before the letter it stands on, where text runs from right to left. */
export const isMark = ({ text }: Piece) => /^\p{Mn}/u.test(text)

/** Pieces of a stretch whose last, on the right, is a blank: it goes with the one before, as what copies a stretch leaves out blanks at its end. */
export function withoutBlankEnd(pieces: readonly Piece[]): Piece[] {
  const [last, blank] = pieces.slice(-2)
  if (last === undefined || blank === undefined || blank.text.trim() !== '' || last.text.trim() === '')
    return [...pieces]
  return [
    ...pieces.slice(0, -2),
    keyed({ ...last, text: last.text + blank.text, advance: last.advance + blank.advance }),
  ]
}

const UNDRAWN = /^\p{Cf}+$/u
const MARK = /\p{M}/u

/**
 * Puts joiners with a letter: alone, they are left out by who copies. They stand first in the text of a piece, which
 * is read from the left, so before the letter that follows or, from right to left, that goes before.
 */
function withUndrawn(letters: readonly Omit<Piece, 'key'>[], direction: 'ltr' | 'rtl'): Omit<Piece, 'key'>[] {
  const pieces: Omit<Piece, 'key'>[] = []
  let waiting = ''
  for (const letter of letters) {
    const last = pieces.at(-1)
    if (!UNDRAWN.test(letter.text)) {
      pieces.push({ ...letter, text: waiting + letter.text })
      waiting = ''
    } else if (direction === 'rtl' && last) last.text = letter.text + last.text
    else waiting += letter.text
  }
  const last = pieces.at(-1)
  if (last && MARK.test(last.text)) last.text += waiting
  return pieces
}
