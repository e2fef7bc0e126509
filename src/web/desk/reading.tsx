import anyAscii from 'any-ascii'
import { nameText } from '../../proofs/paper/paper.ts'
import type { Name } from '../../registry/model.ts'

const LATIN = /^[\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]*$/u

/**
 * How to read a name aloud that is not written in Latin letters: as its bearer spells it, or else letter by letter.
 *
 * @returns undefined where it can be read as it stands
 */
export function readingOf(name: Name): string | undefined {
  const written = nameText(name, '{name}')
  if (LATIN.test(written)) return undefined
  const { transliteration } = name
  return transliteration ? nameText(transliteration, '{name}') : anyAscii(written).trim()
}

/** The same beside the name, small. */
export function Reading(props: { name: Name | undefined }) {
  const reading = props.name && readingOf(props.name)
  return reading ? (
    <small class="reading" lang="und-Latn" dir="ltr">
      {reading}
    </small>
  ) : (
    ''
  )
}
