import { NotAForm, Problem } from '../platform/problem.ts'

/** What somebody typed into a form, and the files they chose. */
export interface Form {
  /** What was typed, without blanks at its ends; an empty text where the field is absent. */
  get(name: string): string
  /** Each of several boxes of one name. */
  all(name: string): string[]
  has(name: string): boolean
  /** What was chosen as a file, of a route that takes files; nothing where none was. */
  file(name: string): Uint8Array | undefined
  files(): Uint8Array[]
  entries(): [string, string][]
  /** The same form without one of its fields. */
  without(name: string): Form
}

/** Nothing typed. */
export const emptyForm: Form = {
  get: () => '',
  all: () => [],
  has: () => false,
  file: () => undefined,
  files: () => [],
  entries: () => [],
  without: () => emptyForm,
}

const URL_ENCODED = /^application\/x-www-form-urlencoded\b/i
const MULTIPART = /^multipart\/form-data\b/i

/**
 * A form as a browser sends it.
 *
 * @param mayBringFiles whether a form of several parts is read too
 * @throws {Problem} unsupported-media-type of anything that is no form
 * @throws {NotAForm} of a form that cannot be read
 */
export async function formIn(bytes: Uint8Array, type: string, mayBringFiles: boolean): Promise<Form> {
  if (URL_ENCODED.test(type)) return formOf(new URLSearchParams(new TextDecoder().decode(bytes)))
  if (!mayBringFiles || !MULTIPART.test(type))
    throw new Problem('unsupported-media-type', 415, 'Send a form, as a browser does.')
  const parts = await new Response(Uint8Array.from(bytes), { headers: { 'content-type': type } })
    .formData()
    .catch(() => {
      throw new NotAForm()
    })
  const fields = new URLSearchParams()
  const files = new Map<string, Uint8Array[]>()
  for (const [name, value] of parts) {
    if (typeof value === 'string') fields.append(name, value)
    else if (value.size > 0) files.set(name, [...(files.get(name) ?? []), new Uint8Array(await value.arrayBuffer())])
  }
  return formOf(fields, files)
}

/** @param files by the name of their field */
export const formOf = (fields: URLSearchParams, files: ReadonlyMap<string, Uint8Array[]> = new Map()): Form => ({
  get: (name) => (fields.get(name) ?? '').trim(),
  all: (name) => fields.getAll(name),
  has: (name) => fields.has(name),
  file: (name) => files.get(name)?.[0],
  files: () => [...files.values()].flat(),
  entries: () => [...fields],
  without: (name) => formOf(new URLSearchParams([...fields].filter(([field]) => field !== name)), files),
})
