import type { Context } from 'hono'
import { NotAForm, Problem } from '../platform/problem.ts'

/** A photo or a voice as it is kept: made anew, so that nothing else is in it. */
export interface Attachment {
  mediaType: string
  bytes: Uint8Array
}

/** Makes a photo or a voice anew. @returns undefined of what is neither, or cannot be read whole */
export type Redraw = (bytes: Uint8Array) => Promise<Attachment | undefined>

const LARGEST_FILE = 8 * 1024 * 1024
const MOST_FILES = 2
const LARGEST_WORDS = 64 * 1024

/** What is wrong with the files of a form. */
export type FilesWrong = 'too-large' | 'too-many'

/** A form that may bring photos or voices with it; files that are too large or too many come back as that, with all that was typed. */
export async function formWithFiles(
  context: Context,
): Promise<{ form: URLSearchParams; files: Uint8Array[]; wrong?: FilesWrong }> {
  const several = /^multipart\/form-data\b/i.test(context.req.header('content-type') ?? '')
  const length = Number(context.req.header('content-length') ?? Number.NaN)
  // Read as far as a few files too many would reach, so that the words come back; beyond that nothing is.
  if (several && !(length <= 2 * MOST_FILES * LARGEST_FILE + LARGEST_WORDS)) throw new FormTooLarge()
  if (!several) {
    const body = await context.req.text()
    if (body.length > LARGEST_WORDS) throw new FormTooLarge()
    return { form: new URLSearchParams(body), files: [] }
  }
  const form = new URLSearchParams()
  const sent: File[] = []
  const read = await context.req.formData().catch(() => {
    throw new NotAForm()
  })
  for (const [name, value] of read) {
    if (typeof value === 'string') form.append(name, value)
    else if (value.size > 0) sent.push(value)
  }
  if (sent.length > MOST_FILES) return { form, files: [], wrong: 'too-many' }
  if (sent.some((file) => file.size > LARGEST_FILE)) return { form, files: [], wrong: 'too-large' }
  return { form, files: await Promise.all(sent.map(async (file) => new Uint8Array(await file.arrayBuffer()))) }
}

/** @throws when a form is larger than any that somebody would fill in. */
class FormTooLarge extends Problem {
  constructor() {
    super('too-large', 413, 'This is too large. Send two photos or voices at most, of eight megabytes.')
  }
}
