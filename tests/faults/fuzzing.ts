import { randomUUID } from 'node:crypto'

// Requests nobody would send: what is asked for, made by the descriptions of the service itself, with something wrong in it.

/** Numbers from a seed, so that what was found is found again. */
export function chance(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export interface Dice {
  one<T>(of: readonly T[]): T
  below(count: number): number
  likely(share: number): boolean
}
export function dice(next: () => number): Dice {
  const below = (count: number) => Math.floor(next() * count)
  return { below, one: (of) => of[below(of.length)] as never, likely: (share) => next() < share }
}

const LONG = 'a'.repeat(20_000)
/** Texts that programs stumble over. */
export const TEXTS: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\u202e',
  '🏠',
  LONG,
  '0',
  '-1',
  '1e309',
  'NaN',
  'null',
  'true',
  '{}',
  '[]',
  '[',
  '"',
  '0000-01-01',
  '0000-00-00',
  '-000001-01-01',
  '2024-02-30',
  '9999-12-31',
  '99999-01-01',
  '+275760-09-14',
  '2024-13-01T25:61:61Z',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '0192f000-0000-7000-8000',
  '{0192f000-0000-7000-8000-000000000001}',
  '__proto__',
  'constructor',
  'toString',
  '../../etc/passwd',
  '%00',
  '%',
  '%zz',
  "'; drop table neighbours; --",
  '$1',
  '{1,2}',
  '\\x00',
  'zz-ZZ-impossible-language',
  'x',
  'xx',
  'i-klingon',
  'root',
  'es_ES',
  'ca-ES-valencia',
  '9223372036854775808',
  '-9223372036854775809',
  '2147483648',
  '1.5',
  '٢٠٢٤',
  'ß',
  'ﬃ',
  'İ',
  '\n',
  '\r\n',
  'a\tb',
  '<script>',
  '&amp;',
  '=1+1',
  '@',
  'a@b',
  'a@b@c',
  '+',
  '++34',
  'http://',
  'file:///etc/passwd',
]
const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e21,
  2 ** 53,
  -(2 ** 31) - 1,
  [],
  {},
  [[]],
  [null],
  { a: 1 },
  { __proto__: null },
]

type Schema = Record<string, unknown>
interface Operation {
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema }[]
  requestBody?: { content?: Record<string, { schema?: Schema }> }
  responses: Record<string, unknown>
}
export interface Described {
  paths: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, Schema> }
}

/** Values as a schema describes them, with ids that are known. */
export function makerOf(document: Described, roll: Dice, known: readonly string[]) {
  function make(schema: Schema | undefined, depth = 0): unknown {
    if (schema === undefined || depth > 8) return roll.one(VALUES)
    if (typeof schema.$ref === 'string')
      return make(document.components?.schemas?.[schema.$ref.replace(/^.*\//, '')], depth + 1)
    if ('const' in schema) return schema.const
    if (Array.isArray(schema.enum)) return roll.one(schema.enum)
    for (const choice of ['oneOf', 'anyOf'] as const)
      if (Array.isArray(schema[choice])) return make(roll.one(schema[choice] as Schema[]), depth + 1)
    if (Array.isArray(schema.allOf))
      return Object.assign({}, ...(schema.allOf as Schema[]).map((part) => make(part, depth + 1)))
    const type = Array.isArray(schema.type) ? roll.one(schema.type as string[]) : schema.type
    if (type === 'object') {
      const required = new Set((schema.required as string[] | undefined) ?? [])
      return Object.fromEntries(
        Object.entries((schema.properties as Record<string, Schema> | undefined) ?? {})
          .filter(([name]) => required.has(name) || roll.likely(0.4))
          .map(([name, part]) => [name, make(part, depth + 1)]),
      )
    }
    if (type === 'array') return Array.from({ length: roll.below(3) }, () => make(schema.items as Schema, depth + 1))
    if (type === 'integer' || type === 'number') return roll.one([0, 1, 2, 7, 30, 1984, 2026])
    if (type === 'boolean') return roll.likely(0.5)
    if (type === 'null') return null
    if (schema.format === 'uuid') return roll.likely(0.7) && known.length > 0 ? roll.one(known) : randomUUID()
    if (schema.format === 'date') return roll.one(['1984-03-01', '2020-01-01', '2026-11-01'])
    if (schema.format === 'date-time') return '2026-11-01T10:00:00Z'
    if (schema.format === 'email') return 'algu@mail.example'
    return roll.one([
      'Mariona',
      'Carrer del Molí',
      'abcdefgh',
      'library',
      'ca',
      '12',
      '2020-01-01',
      roll.one(known) ?? 'x',
    ])
  }
  return make
}

/** The same with something wrong somewhere in it. */
export function spoil(value: unknown, roll: Dice): unknown {
  if (typeof value !== 'object' || value === null || roll.likely(0.25))
    return roll.likely(0.7) ? roll.one(TEXTS) : roll.one(VALUES)
  if (Array.isArray(value)) {
    if (value.length === 0 || roll.likely(0.2))
      return [...value, ...Array.from({ length: roll.below(300) }, () => roll.one(TEXTS))]
    const at = roll.below(value.length)
    return value.map((one, i) => (i === at ? spoil(one, roll) : one))
  }
  const names = Object.keys(value)
  if (names.length === 0 || roll.likely(0.1)) return { ...value, [roll.one(TEXTS)]: roll.one(VALUES) }
  const name = roll.one(names)
  if (roll.likely(0.1)) return Object.fromEntries(Object.entries(value).filter(([other]) => other !== name))
  return { ...value, [name]: spoil((value as Record<string, unknown>)[name], roll) }
}

/** A form as it stands on a page. */
export interface PageForm {
  page: string
  method: string
  action: string
  fields: { name: string; value: string }[]
}

const attribute = (tag: string, name: string) => {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]
  return found
    ?.replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
/** The forms of a page, as a browser would fill them in. */
export function formsOf(page: string, html: string): PageForm[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, tag = '', inner = '']) => ({
    page,
    method: (attribute(tag, 'method') ?? 'get').toUpperCase(),
    action: attribute(tag, 'action') || page,
    fields: [
      ...inner.matchAll(/<(input|select|textarea|button)\b([^>]*)>([\s\S]*?(?=<\/(?:select|textarea)>))?/g),
    ].flatMap(([, kind, own = '', content = '']) => {
      const name = attribute(own, 'name')
      if (name === undefined) return []
      const option =
        /<option[^>]*\svalue="([^"]*)"[^>]*selected/.exec(content) ?? /<option[^>]*\svalue="([^"]+)"/.exec(content)
      return [{ name, value: attribute(own, 'value') ?? (kind === 'select' ? (option?.[1] ?? '') : '') }]
    }),
  }))
}
/** Pages a page leads to. */
export const linksOf = (html: string): string[] =>
  [...html.matchAll(/<a\b[^>]*\shref="(\/[^"#]*)"/g)].map(([, to = '']) => to.replaceAll('&amp;', '&'))
