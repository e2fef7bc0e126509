import { correction, generate } from 'lean-qr'
import type { Outcome } from '../check/outcome.ts'
import { type AnswerTexts, answerBox } from '../check/show-answer.client.ts'
import { type Asked, newAnswerKey, openAnswer } from './open-answer.ts'

// A counter's page. The key that opens an answer is made here for each question and cannot be taken out; what a wallet shows is
// decrypted and checked here.

interface Said extends AnswerTexts {
  service: string
  says: { scan: string; gone: string; refused: string; tally: string }
}

const by = <T extends HTMLElement>(id: string) => document.getElementById(id) as T
const said: Said = JSON.parse(by('counter').textContent ?? '')
const QUIET_ZONE = 4

/** A QR code as a drawing, as the service draws its own. */
function drawing(text: string): SVGSVGElement {
  const code = generate(text, { minCorrectionLevel: correction.M, maxCorrectionLevel: correction.M })
  const side = code.size + 2 * QUIET_ZONE
  const drawn = (name: string, attributes: Record<string, string>) => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', name)
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value)
    return made
  }
  let path = ''
  for (let y = 0; y < code.size; y += 1)
    for (let x = 0; x < code.size; x += 1) if (code.get(x, y)) path += `M${x + QUIET_ZONE} ${y + QUIET_ZONE}h1v1h-1z`
  const picture = drawn('svg', {
    class: 'qr',
    viewBox: `0 0 ${side} ${side}`,
    role: 'img',
    'aria-label': said.says.scan,
  })
  picture.append(drawn('rect', { width: String(side), height: String(side), fill: '#ffffff' }))
  picture.append(drawn('path', { d: path, fill: '#000000' }))
  return picture as SVGSVGElement
}

const send = (path: string, fields: Record<string, string> = {}) =>
  fetch(`/counter/${said.service}/${path}`, { method: 'POST', body: new URLSearchParams(fields) }).catch(
    () => undefined,
  )

/** What is asked now; whatever comes for an earlier question is nobody's any more. */
let current: string | undefined

function show(outcome: Outcome): void {
  by('answer').replaceChildren(answerBox(outcome, said, new Date()))
  by('answer').scrollIntoView({ block: 'start' })
}

function over(words?: string): void {
  current = undefined
  by('question').hidden = true
  if (words !== undefined) by('answer').textContent = words
}

async function ask(): Promise<void> {
  if (current !== undefined) void send(`questions/${current}/over`)
  by('answer').replaceChildren()
  const { key, publicJwk } = await newAnswerKey()
  const answer = await send('questions', { key: publicJwk })
  if (!answer?.ok) return over(said.says.refused)
  const asked = (await answer.json()) as Asked & { link: string }
  current = asked.id
  by('code').replaceChildren(drawing(asked.link))
  by('code').dataset.link = asked.link
  by('question').hidden = false
  by('question').scrollIntoView({ block: 'nearest' })
  while (current === asked.id) {
    await new Promise((next) => setTimeout(next, 1500))
    if (current === asked.id) await look(asked, key)
  }
}

/** Fetches what came, which is then here alone. A proof that holds ends the question; after anything else another may answer. */
async function look(asked: Asked, key: CryptoKey): Promise<void> {
  const came = await send(`questions/${asked.id}/answers`)
  // Without a connection it looks again; a question that is over is over.
  if (came === undefined) return
  if (!came.ok) return over(said.says.gone)
  const { answers } = (await came.json()) as { answers: string[] }
  for (const answer of answers) {
    const outcome = await openAnswer(answer, { asked, key })
    if (outcome === undefined || current !== asked.id) continue
    show(outcome)
    count(outcome.verdict === 'valid' ? 'valid' : 'other')
    if (outcome.verdict !== 'valid') continue
    void send(`questions/${asked.id}/over`)
    return over()
  }
}

/** Counts answers of this desk's day, in this browser alone: numbers and nothing else. */
function count(as?: 'valid' | 'other'): void {
  const name = `padron-tally-${said.service}`
  const day = new Date().toDateString()
  const kept = JSON.parse(localStorage.getItem(name) ?? '{}') as { day?: string; valid: number; other: number }
  const today = kept.day === day ? kept : { day, valid: 0, other: 0 }
  if (as !== undefined) {
    today[as] += 1
    localStorage.setItem(name, JSON.stringify(today))
  }
  if (today.valid + today.other > 0)
    by('tally').textContent = said.says.tally
      .replace('{valid}', String(today.valid))
      .replace('{other}', String(today.other))
}

by('ask').hidden = false
by('ask').addEventListener('click', () => void ask())
count()
