import { z } from '@hono/zod-openapi'
import functionList from '../../policies/functions.json'
import { inEveryLanguage } from '../platform/languages.ts'
import { FREE_TEXT, passing } from './free-text.ts'

/** What an organisation does, from the closed list in `policies/functions.json`. */
export interface OrganisationFunction {
  id: string
  /** Whether it closes the gate: to whoever does this, and to all that belong to, report to or share with them. */
  closes: boolean
  /** Whether it gives orders of a judge. */
  orders: boolean
  /** Other words for the same, each mapped to it. */
  also: readonly string[]
  title: Readonly<Record<string, string>>
}

export const FUNCTIONS: ReadonlyMap<string, OrganisationFunction> = new Map(
  functionList.map(({ id, also, ...one }) => [
    id,
    {
      id,
      closes: 'closes' in one && one.closes === true,
      orders: 'orders' in one && one.orders === true,
      also,
      title: inEveryLanguage((file) => file.functions[id] ?? ''),
    },
  ]),
)
export const FUNCTION_IDS = [...FUNCTIONS.keys()]

const named = new Map([...FUNCTIONS.values()].flatMap(({ id, also }) => [id, ...also].map((word) => [word, id])))

/**
 * The function that a word means, however it is written: capitals, accents, spaces and dashes do not matter.
 *
 * @returns its id, or undefined where the list does not say what it is
 */
export function functionOf(word: string): string | undefined {
  const plain = word
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return named.get(plain)
}

/** Whether any of these closes the gate. */
export const closes = (functions: Iterable<string>): boolean =>
  [...functions].some((one) => FUNCTIONS.get(one)?.closes !== false)

/** One function, by its id or by another word for it. What is on no list is refused, with the list. */
export const FunctionId = passing(64)
  .transform((word, context) => {
    const id = functionOf(word)
    if (id !== undefined) return id
    context.addIssue({
      code: 'custom',
      message: `What an organisation does is one of: ${FUNCTION_IDS.join(', ')}. Leave it out where it is none of these.`,
    })
    return z.NEVER
  })
  .openapi({ type: 'string', enum: FUNCTION_IDS })
  // Of what is written only a word of the list is kept.
  .register(FREE_TEXT, { holds: 'passing' })

export const functionTitle = (id: string, language: string): string =>
  FUNCTIONS.get(id)?.title[language] ?? FUNCTIONS.get(id)?.title.en ?? id

/** Whether whoever does this gives orders that two officers may approve. */
export const givesOrdersBy = (id: string): boolean => FUNCTIONS.get(id)?.orders ?? false
