import { NotFound } from './problem.ts'

declare const uuid: unique symbol
/** An id of ours, in the form that we make them: it names nobody to whom it says nothing. */
export type Uuid = string & { readonly [uuid]: true }

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export const isUuid = (text: string | null | undefined): text is Uuid => UUID.test(text ?? '')

/** @returns undefined of what is no id */
export const uuidIn = (text: string | null | undefined): Uuid | undefined => (isUuid(text) ? text : undefined)

/** An id out of an address or a form. @throws {NotFound} of what is none: nothing has it */
export function mustBeUuid(text: string | null | undefined): Uuid {
  if (!isUuid(text)) throw new NotFound()
  return text
}
