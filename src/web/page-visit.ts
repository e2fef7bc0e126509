import type { Resident, Staff } from '../firewall/requester.ts'
import type { Form } from '../http/form.ts'
import type { FromCaller } from '../http/from-caller.ts'
import type { Session } from '../identity/begin-session.ts'
import type { Municipality } from '../town/model.ts'
import type { Language, Texts } from './ui/language.ts'

/** A page of somebody who is signed in: everything a handler may use. */
export interface PageContext<Who extends Staff | Resident = Staff | Resident> {
  town: Municipality
  /** The town's name in the reader's language. */
  name: string
  language: Language
  t: Texts
  requester: Who
  session: Session
  params: Record<string, string>
  /** Where it was asked from: compared and counted, and never kept as it is. */
  source: string
  /** Where the page is shown again, in another language. */
  path: string
  query(name: string): string
  /** What was typed into a form, each field by its name; an empty text where it is absent. */
  form: Form
  /** The same in a box, from which it may be given back. */
  sent: FromCaller<Form>
  /** For the scripts of this one answer. */
  nonce(): string
}
