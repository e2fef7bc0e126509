import type { Form } from './form.ts'

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

/** Read as far as a few files too many would reach, so that the words come back; beyond that nothing is. */
export const MOST_WITH_FILES = 2 * MOST_FILES * LARGEST_FILE + LARGEST_WORDS

/** The photos and voices of a form, or what is wrong with them. */
export function filesIn(form: Form): { files: Uint8Array[]; wrong?: FilesWrong } {
  const files = form.files()
  if (files.length > MOST_FILES) return { files: [], wrong: 'too-many' }
  return files.some((file) => file.length > LARGEST_FILE) ? { files: [], wrong: 'too-large' } : { files }
}
