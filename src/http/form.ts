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
  /** Why no file of it was read. */
  wrong?: FilesWrong
  entries(): [string, string][]
  /** The same form without one of its fields. */
  without(name: string): Form
}

/** What the files of a form may be. */
export interface FormFiles {
  /** How many. */
  most: number
  /** Bytes of each. */
  each: number
}

/** What is wrong with the files of a form. */
export type FilesWrong = 'too-large' | 'too-many'

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

const URL_ENCODED = /^application\/x-www-form-urlencoded\s*(;|$)/i
const MULTIPART = /^multipart\/form-data\s*(;|$)/i

/** Boxes and files of a form of several parts. No page has a hundred; each costs the parser far more than its bytes. */
const MOST_PARTS = 200

/**
 * Bytes that are read of a form: what is typed, and where files may come with it twice as many as may, so that what was typed
 * comes back to whoever sent one too many.
 */
export const mostOfForm = (type: string, words: number, files: FormFiles | undefined): number =>
  files && MULTIPART.test(type) ? words + 2 * files.most * files.each : words

/**
 * A form as a browser sends it.
 *
 * @param words bytes that may be typed, in all boxes together
 * @param files what may come with it, where anything may: without, a form of several parts is no form
 * @throws {Problem} unsupported-media-type of anything that is no form; too-large of more than a form holds
 * @throws {NotAForm} of a form that cannot be read
 */
export async function formIn(
  bytes: Uint8Array,
  { type, words, files }: { type: string; words: number; files?: FormFiles | undefined },
): Promise<Form> {
  if (URL_ENCODED.test(type)) return formOf(new URLSearchParams(new TextDecoder().decode(bytes)))
  if (files === undefined || !MULTIPART.test(type))
    throw new Problem('unsupported-media-type', 415, 'Send a form, as a browser does.')
  const boundary = boundaryOf(bytes, type)
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` }
  const parts = await new Response(Uint8Array.from(bytes), { headers }).formData().catch(() => {
    throw new NotAForm()
  })
  const fields = new URLSearchParams()
  const sent: [string, File][] = []
  let typed = 0
  for (const [name, value] of parts) {
    if (typeof value !== 'string') {
      if (value.size > 0) sent.push([name, value])
      continue
    }
    typed += name.length + value.length
    if (typed > words) throw tooLarge()
    fields.append(name, value)
  }
  if (sent.length > files.most) return formOf(fields, [], 'too-many')
  if (sent.some(([, { size }]) => size > files.each)) return formOf(fields, [], 'too-large')
  const read = sent.map(async ([name, file]) => [name, new Uint8Array(await file.arrayBuffer())] as const)
  return formOf(fields, await Promise.all(read))
}

/** What browsers send: one parameter, in their own letters. @see RFC 2046 section 5.1.1 */
const OF_A_BROWSER = /^multipart\/form-data; ?boundary=([A-Za-z0-9'()+_,./:=?-]{1,70})$/i

/** Letters of what stands before the content of a part: its name, a file's name and type. */
const LONGEST_HEAD = 2048

/**
 * The boundary of a form that is worth giving to a parser, which works for every part, and every line and parameter before its
 * content, far longer than their bytes are worth. So parts are counted, and what stands before each is measured, in one walk.
 *
 * @throws {Problem} unsupported-media-type of a boundary that no browser writes: we and the parser might read two; too-large
 */
function boundaryOf(bytes: Uint8Array, type: string): string {
  const [, boundary] = OF_A_BROWSER.exec(type) ?? []
  if (boundary === undefined) throw new Problem('unsupported-media-type', 415, 'Send a form, as a browser does.')
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const dashes = Buffer.from(`--${boundary}`)
  // A form begins with its first part; what stood before it would be looked through for nothing.
  if (!whole.subarray(0, dashes.length).equals(dashes)) throw new NotAForm()
  let parts = 0
  for (let at = 0; at !== -1; at = whole.indexOf(dashes, at + dashes.length)) {
    parts += 1
    // The last stands at the end.
    if (parts > MOST_PARTS + 1) throw tooLarge()
    const head = whole.subarray(at + dashes.length, at + dashes.length + LONGEST_HEAD)
    const isLast = head.subarray(0, 2).equals(Buffer.from('--'))
    if (!isLast && head.indexOf('\r\n\r\n') === -1) throw tooLarge()
  }
  return boundary
}

const tooLarge = () => new Problem('too-large', 413, 'This is too large.')

/**
 * @param files with the name of their field
 * @param wrong why none of them was read
 */
export const formOf = (
  fields: URLSearchParams,
  files: readonly (readonly [string, Uint8Array])[] = [],
  wrong?: FilesWrong,
): Form => ({
  get: (name) => (fields.get(name) ?? '').trim(),
  all: (name) => fields.getAll(name),
  has: (name) => fields.has(name),
  file: (name) => files.find(([field]) => field === name)?.[1],
  files: () => files.map(([, bytes]) => bytes),
  entries: () => [...fields],
  without: (name) => formOf(new URLSearchParams([...fields].filter(([field]) => field !== name)), files, wrong),
  ...(wrong ? { wrong } : {}),
})
