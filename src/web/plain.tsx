import { type Holds, saysTooMuch } from '../firewall/free-text.ts'
import { writtenTooMuch } from '../firewall/plain-words.ts'
import type { Form } from '../http/form.ts'
import { holdsOf } from './boxes.ts'
import { Button, ErrorSummary, type Faults, Field, PostForm, Tick } from './ui/form.tsx'
import { type Language, LOCALES, type Texts } from './ui/language.ts'
import { Page } from './ui/layout.tsx'

// Text that may say something about papers comes back to whoever wrote it, with the reason beside it and a way to say
// that it is about something else. What decides is in the model; a page only shows it.

/** What a form says with its tick. */
export const plainIn = (form: Pick<Form, 'has'>): { confirmedPlain?: true } =>
  form.has('plain') ? { confirmedPlain: true } : {}

/** Whoever wrote it says that it is not about papers. Never ticked beforehand: it is said of what stands in the form now. */
export const PlainTick = ({ t, faults }: { t: Texts; faults: Faults }) =>
  Object.keys(faults).length > 0 ? <Tick name="plain" label={t['desk.plain']} on={false} /> : ''

/** Of the fields of a form those that say too much, each with the reason beside it. */
export function plainFaults(t: Texts, typed: Readonly<Record<string, string>>, holds: (name: string) => Holds): Faults {
  return Object.fromEntries(
    Object.entries(typed)
      .filter(([name, text]) => saysTooMuch(text, holds(name)))
      .map(([name, text]) => [name, t['desk.sensitive'].replace('{word}', writtenTooMuch(text) ?? '…')]),
  )
}

/**
 * The boxes of a form that the registry took none of. One box is called alike on two forms of which one takes the writer's
 * own words: it is looked at here, and where the names tell nothing, every box is. A text is never held back without its box.
 */
export function heldBoxes(t: Texts, typed: Readonly<Record<string, string>>): Faults {
  const found = plainFaults(t, typed, (box) => (holdsOf(box) === 'own-words' ? 'plain' : holdsOf(box)))
  return Object.keys(found).length > 0 ? found : plainFaults(t, typed, () => 'plain')
}

/** Any form that is sent again: what said too much in boxes, all else as it was. Nothing of it has been kept. */
export function HeldBackPage(props: { town: string; language: Language; action: string; csrf: string; form: Form }) {
  const { town, language, action, csrf, form } = props
  const t = LOCALES[language]
  const entries = form.entries().filter(([name]) => name !== 'plain')
  const faults = heldBoxes(t, Object.fromEntries(entries))
  return (
    <Page title={t['desk.held']} language={language} town={town}>
      <ErrorSummary title={t['desk.held']} faults={faults} />
      <h1>{t['desk.held']}</h1>
      <PostForm action={action} csrf={csrf}>
        {entries.map(([name, value]) =>
          faults[name] ? (
            <Field name={name} label={t['desk.heldText']} lines={3} value={value} fault={faults[name]} auto />
          ) : (
            <input type="hidden" name={name} value={value} />
          ),
        )}
        <Tick name="plain" label={t['desk.plain']} on={false} />
        <Button>{t['desk.save']}</Button>
      </PostForm>
    </Page>
  )
}
