import { localeTag } from '../../platform/locale-tag.ts'
import { type ClaimTexts, claimLines } from './claims-text.ts'
import type { Outcome } from './outcome.ts'

/** What a page was given to say an answer in its reader's language. */
export interface AnswerTexts {
  language: string
  town: string
  texts: Record<string, string>
  claims: ClaimTexts
  services: Record<string, string>
}

const WORDS = { valid: 'check.valid', 'not-valid': 'check.notValid', 'cannot-tell': 'check.cannotTell' }

function element(name: string, content: string, className = ''): HTMLElement {
  const made = document.createElement(name)
  made.textContent = content
  if (className) made.className = className
  return made
}

/** One huge answer: a shape, a word and a colour; then why; then what the proof says. */
export function answerBox({ verdict, reason, proof }: Outcome, said: AnswerTexts, knownAt: Date): HTMLElement {
  const text = (name: string) => said.texts[name] ?? name
  const tag = localeTag(said.language)
  const time = knownAt.toLocaleString(tag, { dateStyle: 'medium', timeStyle: 'short' })
  const box = element('section', '', `answer ${verdict}`)
  box.append(element('p', text(WORDS[verdict]), 'verdict'), element('p', text(reason).replace('{time}', time)))
  if (!proof) return box
  box.append(element('p', text('check.lives').replace('{town}', said.town)))
  const list = element('dl', '', 'govuk-summary-list')
  const until = new Date(proof.expiresAt * 1000).toLocaleDateString(tag, { dateStyle: 'long' })
  const lines = claimLines(proof.claims, said.claims)
  lines.push(
    [text('check.madeFor'), said.services[proof.service ?? ''] ?? proof.service ?? ''],
    [text('check.until'), until],
  )
  for (const [name, value] of lines) {
    const row = element('div', '', 'govuk-summary-list__row')
    const description = element('dd', '', 'govuk-summary-list__value')
    description.append(element('bdi', value))
    row.append(element('dt', name, 'govuk-summary-list__key'), description)
    list.append(row)
  }
  box.append(list)
  return box
}
