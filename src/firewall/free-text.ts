import { z } from '@hono/zod-openapi'
import { type FieldError, InvalidInput, Problem } from '../platform/problem.ts'
import { documentIn } from './document-numbers.ts'
import type { Gate, RegistryEvent } from './model.ts'
import { tooMuchIn } from './plain-words.ts'
import type { ActingIn, Requester } from './requester.ts'

/**
 * What a text may hold. Every field of every schema in which somebody can write freely carries one of these; a test
 * fails on a field without, and compares all of them with `schema/free-text.json`.
 *
 * - `plain`: kept, and so nothing about papers and no number of a document;
 * - `name`: kept; of a person or an organisation, which may be called anything, but has no number of a document in it;
 * - `own-words`: kept, and never refused: what people themselves write to the city;
 * - `passing`: read and forgotten, or kept as a keyed hash alone.
 *
 * A string with a format, or a pattern that takes no space, needs none.
 */
export type Holds = 'plain' | 'name' | 'own-words' | 'passing'

export const FREE_TEXT = z.registry<{ holds: Holds }>()

/** What nobody sees and nobody means: control characters, halves of characters, marks that turn the direction of what follows. */
const UNSEEN = /[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu
/** Lines of a text stay lines. */
const clean = (text: string) =>
  text.toWellFormed().replaceAll(UNSEEN, (one) => (one === '\n' || one === '\t' ? one : ''))
const line = (most: number, least = 1) => z.string().overwrite(clean).trim().min(least).max(most)
/** Text that is kept. */
export const plain = (most: number, least = 1) => line(most, least).register(FREE_TEXT, { holds: 'plain' })
/** What somebody or something is called. */
export const called = (most: number, least = 1) => line(most, least).register(FREE_TEXT, { holds: 'name' })
/** What people themselves write to the city: never refused, and sealed. */
export const ownWords = (most: number, least = 0) => line(most, least).register(FREE_TEXT, { holds: 'own-words' })
/** What is read and forgotten. */
export const passing = (most: number, least = 0) =>
  z.string().min(least).max(most).register(FREE_TEXT, { holds: 'passing' })
/** As `plain`, with spaces as they were typed: a search, the number of a document. */
export const passingLine = (most: number) => line(most).register(FREE_TEXT, { holds: 'passing' })

/** Says of a form with plain text that whoever wrote it means something else than papers: a street may be called so. */
export const confirmedPlain = z.boolean().optional().openapi({
  description: 'What sounds as if it were about papers is about something else. Counted, and tied to no neighbour.',
})

const DETAIL =
  'This may say something about papers, status or a document, and none of that is kept. Write it without, or send confirmedPlain: true if it is about something else.'

/** @throws when a text that would be kept may say what the register must not know. Nothing of it is kept or logged. */
export class SaysTooMuch extends Problem {
  constructor(errors: readonly FieldError[]) {
    super('says-too-much', 422, 'Some of what was written may be about papers or status. Nothing was kept.', errors)
  }
}

/** Whether a text says too much for where it stands. */
export function saysTooMuch(text: string, holds: Holds): boolean {
  if (holds === 'plain') return tooMuchIn(text) !== undefined
  return holds === 'name' && documentIn(text) !== undefined
}

/** The fields of a form that say too much, each by its JSON Pointer (RFC 6901). */
export function fieldsSayingTooMuch(schema: z.core.$ZodType, form: unknown): FieldError[] {
  const errors: FieldError[] = []
  walk(schema, {
    value: form,
    pointer: '',
    found: (pointer, text, holds) => {
      if (saysTooMuch(text, holds)) errors.push({ pointer, detail: DETAIL })
    },
  })
  return errors
}

/**
 * Lets a form pass whose kept texts are no longer than they may be and say nothing about papers, or whose writer said
 * that they are about something else: that is written in the ledger, with how many fields and not of whom.
 *
 * @throws {InvalidInput | SaysTooMuch}
 */
export async function mustBePlain(
  gate: Pick<Gate, 'record'>,
  { municipalityId, by: requester }: ActingIn<Requester>,
  { schema, form }: { schema: z.core.$ZodType; form: object },
): Promise<void> {
  const long = z.safeParse(schema, form).error?.issues.filter(({ code }) => code === 'too_big') ?? []
  if (long.length > 0) throw InvalidInput.of({ issues: long })
  const errors = fieldsSayingTooMuch(schema, form)
  if (errors.length === 0) return
  if (!('confirmedPlain' in form) || form.confirmedPlain !== true) throw new SaysTooMuch(errors)
  await countConfirmed(gate, { municipalityId, by: requester }, errors.length)
}

/** That somebody said of so many texts that they are not about papers. */
const plainConfirmed = (requester: Requester, fields: number): RegistryEvent => ({
  // A neighbour's own pseudonym would say whose text it was.
  by: requester.kind === 'resident' ? { kind: 'job', id: 'portal' } : requester,
  action: 'plain-confirmed',
  occasion: { fields },
})

/**
 * The same of a form under way, of which only what changes is looked at.
 *
 * @param also writes it in the ledger in the same commit
 * @throws {SaysTooMuch}
 */
export function mustChangePlainly(
  also: (event: RegistryEvent) => void,
  {
    requester,
    schema,
    change,
    confirmed,
  }: { requester: Requester; schema: z.core.$ZodType; change: object; confirmed: boolean },
): void {
  const errors = fieldsSayingTooMuch(schema, change)
  if (errors.length === 0) return
  if (!confirmed) throw new SaysTooMuch(errors)
  also(plainConfirmed(requester, errors.length))
}

/** Writes in the ledger that somebody said of so many texts that they are not about papers. */
export function countConfirmed(
  gate: Pick<Gate, 'record'>,
  { municipalityId, by: requester }: ActingIn<Requester>,
  fields: number,
): Promise<void> {
  return gate.record(municipalityId, plainConfirmed(requester, fields))
}

/** Every text of a value, with the mark of its field. Of a union, the first form that fits. */
function walk(
  schema: z.core.$ZodType,
  {
    value,
    pointer,
    found,
  }: { value: unknown; pointer: string; found: (pointer: string, text: string, holds: Holds) => void },
): void {
  const holds = FREE_TEXT.get(schema)?.holds
  if (holds !== undefined && typeof value === 'string') found(pointer, value, holds)
  for (const [inner, key] of within(schema, value))
    walk(inner, {
      value: key === undefined ? value : (value as Record<string, unknown>)[key],
      pointer: under(pointer, key),
      found,
    })
}

const under = (pointer: string, key: string | undefined) => (key === undefined ? pointer : `${pointer}/${key}`)

/** The schemas right inside another that a value goes by, and under which key; none where it is the same value. */
function within(schema: z.core.$ZodType, value: unknown): [schema: z.core.$ZodType, key?: string][] {
  const { def } = (schema as z.core.$ZodTypes)._zod
  if (def.type === 'optional' || def.type === 'nullable' || def.type === 'default') return [[def.innerType]]
  if (value === null || typeof value !== 'object') return []
  if (def.type === 'object') return Object.entries(def.shape).map(([key, inner]) => [inner, key])
  if (def.type === 'array') return Object.keys(value).map((key) => [def.element, key])
  if (def.type === 'record') return Object.keys(value).map((key) => [def.valueType, key])
  if (def.type !== 'union') return []
  const form = def.options.find((option) => z.safeParse(option, value).success)
  return form ? [[form]] : []
}
