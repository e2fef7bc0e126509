import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { create, type Font } from 'fontkit'
import { unpackWoff } from './unwoff.ts'

/** A font file and the characters it is for. */
export interface Face {
  /** What the document calls it. */
  name: string
  covers(codePoint: number): boolean
  /** Read and parsed the first time, and kept: a document draws a subset of it. */
  font(weight: Weight): Font
}
export type Weight = 400 | 700

/** Packages of fonts, in the order they are asked. A script is added by adding its package here. */
const PACKAGES = [
  'noto-sans',
  'noto-sans-arabic',
  'noto-sans-hebrew',
  'noto-sans-ethiopic',
  'noto-sans-tamil',
  'noto-sans-bengali',
  'noto-sans-gurmukhi',
  'noto-sans-georgian',
  'noto-sans-armenian',
  'noto-sans-sc',
] as const

const require = createRequire(import.meta.url)
let faces: Face[] | undefined

/** Every font file there is, found once; bytes are read when a document needs them, and kept. */
export function allFaces(): Face[] {
  faces ??= PACKAGES.flatMap(facesOf)
  return faces
}

function facesOf(name: (typeof PACKAGES)[number]): Face[] {
  const folder = dirname(require.resolve(`@fontsource/${name}/package.json`))
  const ranges: Record<string, string> = JSON.parse(readFileSync(join(folder, 'unicode.json'), 'utf8'))
  const own = name === 'noto-sans' ? undefined : name.slice('noto-sans-'.length)
  return Object.entries(ranges)
    .map(([key, list]) => ({ part: key.replaceAll(/[[\]]/g, ''), list }))
    .filter(({ part }) => own === undefined || own === 'sc' || part === own)
    .sort((a, b) => Number(b.part === 'latin') - Number(a.part === 'latin'))
    .map(({ part, list }) => {
      const covered = parseRanges(list)
      const kept = new Map<Weight, Font>()
      return {
        name: `${name}-${part}`,
        covers: (codePoint) => covered.some(([from, to]) => codePoint >= from && codePoint <= to),
        font: (weight) => {
          const known = kept.get(weight)
          if (known) return known
          const file = readFileSync(join(folder, 'files', `${name}-${part}-${weight}-normal.woff`))
          const font = create(unpackWoff(file))
          if (!('layout' in font)) throw new Error(`${name} is a collection of fonts, not one`)
          kept.set(weight, font)
          return font
        },
      }
    })
}

function parseRanges(list: string): [number, number][] {
  return list.split(',').map((range) => {
    const [from = '', to = from] = range.trim().replace(/^U\+/i, '').split('-')
    return [Number.parseInt(from, 16), Number.parseInt(to, 16)]
  })
}

/** The face for a character, the one before it where that will do. */
export function faceFor(codePoint: number, before: Face | undefined): Face | undefined {
  if (before?.covers(codePoint)) return before
  return allFaces().find((face) => face.covers(codePoint))
}
