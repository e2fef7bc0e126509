// Keeps a draft while a clerk types, and a form that cannot be sent until it can. Without it the buttons do the same,
// as long as there is a line.
import { withoutClosed } from '../record/document-lines.ts'
import { dropForm, keepForm, keptForms, keyFrom } from './kept-forms.client.ts'

const form = document.querySelector<HTMLFormElement>('form[data-draft]')
const kept = document.getElementById('kept')
const waiting = document.getElementById('waiting')
const SENT = 'padron-sent'

const typedInto = (form: HTMLFormElement) =>
  [...new FormData(form)].flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, withoutClosed(value)]] : [],
  )
/** The parts of a form that ask for a date of birth, each with how the names of its fields begin. */
const bornParts = (form: HTMLFormElement) =>
  [...form.querySelectorAll<HTMLElement>('[data-born]')].map((part) => ({ part, before: part.dataset.born ?? '' }))

/**
 * What was typed; a draft and a form that waits hold no more of a document than a counter may know, and of a date that
 * was told in another calendar only what it is in the usual one.
 */
function fieldsOf(form: HTMLFormElement): [string, string][] {
  const typed = typedInto(form)
  const value = new Map(typed)
  const closed = new Set(
    bornParts(form).flatMap(({ before }) =>
      value.get(`${before}seen`)
        ? ['born-day', 'born-month', 'born-year', 'about', 'before', 'calendar'].map((name) => before + name)
        : [],
    ),
  )
  return typed.filter(([name]) => !closed.has(name))
}
const keyOn = (page: ParentNode) => page.querySelector<HTMLInputElement>('main input[name=idempotencyKey]')

async function keepDraft(form: HTMLFormElement): Promise<void> {
  const fields = new URLSearchParams(fieldsOf(form))
  fields.set('act', 'draft')
  const answer = await fetch('/desk/drafts', { method: 'POST', body: fields })
  if (!answer.ok) return
  const { id } = (await answer.json()) as { id: string }
  if (form.dataset.draft === 'new') {
    const hidden = document.createElement('input')
    hidden.type = 'hidden'
    hidden.name = 'draft'
    hidden.value = id
    form.append(hidden)
    form.dataset.draft = id
  }
  if (kept) kept.textContent = `✓ ${form.dataset.kept}`
}

/** Whether the city answers, within three seconds. */
async function reachable(): Promise<boolean> {
  try {
    return (await fetch('/health/live', { cache: 'no-store', signal: AbortSignal.timeout(3000) })).ok
  } catch {
    return false
  }
}

async function drafts(form: HTMLFormElement): Promise<void> {
  let pause: ReturnType<typeof setTimeout> | undefined
  let last: Promise<void> = Promise.resolve()
  form.addEventListener('input', () => {
    clearTimeout(pause)
    pause = setTimeout(() => {
      last = last.then(() => keepDraft(form)).catch(() => undefined)
    }, 1500)
  })
  form.addEventListener('submit', () => clearTimeout(pause))
}

/** Keeps what is sent until the registry has answered. Without a line it waits, and the next person's form is blank. */
function holding(form: HTMLFormElement, key: CryptoKey): void {
  let going = false
  form.addEventListener('submit', async (event) => {
    const button = (event as SubmitEvent).submitter as HTMLButtonElement | HTMLInputElement | null
    const own = keyOn(document)
    if (going || button?.value !== 'register' || own === null) return
    event.preventDefault()
    await keepForm(key, { idempotencyKey: own.value, fields: fieldsOf(form).filter(([name]) => name !== 'csrf') })
    if (await reachable()) {
      going = true
      sessionStorage.setItem(SENT, own.value)
      form.requestSubmit(button)
      return
    }
    form.reset()
    form.querySelector('input[name=draft]')?.remove()
    form.dataset.draft = 'new'
    own.value = crypto.randomUUID()
    window.scrollTo(0, 0)
    await count(key)
  })
}

async function count(key: CryptoKey): Promise<void> {
  if (waiting === null) return
  const here = keyOn(document)?.value
  const left = (await keptForms(key)).filter(({ idempotencyKey }) => idempotencyKey !== here)
  waiting.hidden = left.length === 0
  waiting.dataset.counted = 'yes'
  waiting.textContent = left.length === 0 ? '' : `${waiting.dataset.text} ${left.length}`
}

let sending = false
/** Sends what waits, each with this session's token. The registry knows each by its idempotency key, and takes it once. */
async function sendKept(key: CryptoKey): Promise<void> {
  const csrf = document.querySelector<HTMLInputElement>('input[name=csrf]')?.value
  if (sending || csrf === undefined) return
  sending = true
  try {
    for (const { idempotencyKey, fields } of await keptForms(key)) {
      if (idempotencyKey === keyOn(document)?.value) continue
      const body = new URLSearchParams([...fields, ['idempotencyKey', idempotencyKey], ['csrf', csrf]])
      const answer = await fetch('/desk/register/kept', { method: 'POST', body, redirect: 'manual' })
      if (answer.status === 200) await dropForm(idempotencyKey)
    }
  } catch {
    // Still no line.
  } finally {
    sending = false
  }
  await count(key)
}

async function start(text: string): Promise<void> {
  const key = await keyFrom(text)
  const sent = sessionStorage.getItem(SENT)
  const answered = new URLSearchParams(location.search).get('new') === '1' || keyOn(document)?.value === sent
  // On any other page nobody knows whether the answer came: it is sent again, and counts once.
  if (sent !== null && answered) await dropForm(sent)
  sessionStorage.removeItem(SENT)
  if (form) holding(form, key)
  await sendKept(key)
  addEventListener('online', () => void sendKept(key))
  setInterval(() => void sendKept(key), 10_000)
}

/** After these many letters a document reader ends a line of which more follow. */
const LINES = [30, 36, 44, 60]

// A reader types the lines of a document, each with Enter: only the last one sends.
document.addEventListener('keydown', (event) => {
  const { target } = event
  if (event.key !== 'Enter' || !(target instanceof HTMLInputElement)) return
  if (LINES.includes(target.value.length) && /^[A-Z0-9<]+$/.test(target.value)) event.preventDefault()
})

/** Says beside the box what it makes of the words so far. Whoever types on is not kept up by an answer to less. */
function echo(box: HTMLInputElement, output: HTMLElement): void {
  let pause: ReturnType<typeof setTimeout> | undefined
  let asked = new AbortController()
  box.form?.addEventListener('input', () => {
    clearTimeout(pause)
    asked.abort()
    asked = new AbortController()
    if (box.value.trim() === '') {
      output.textContent = ''
      return
    }
    const { signal } = asked
    pause = setTimeout(async () => {
      const body = new URLSearchParams(box.form ? fieldsOf(box.form) : [])
      const answer = await fetch('/desk/understood', { method: 'POST', body, signal }).catch(() => undefined)
      if (answer?.ok !== true) return
      const { text } = (await answer.json()) as { text: string }
      if (!signal.aborted) output.textContent = text
    }, 150)
  })
}

/** Says beside a date of birth what it is in the usual calendar. Who sees that need not be asked again. */
function tellBeside(form: HTMLFormElement, part: HTMLElement, before: string): void {
  const output = part.querySelector('output')
  const seen = part.querySelector<HTMLInputElement>(`[name="${before}seen"]`)
  if (output === null || seen === null) return
  let pause: ReturnType<typeof setTimeout> | undefined
  let asked = new AbortController()
  part.addEventListener('input', () => {
    clearTimeout(pause)
    asked.abort()
    asked = new AbortController()
    seen.value = ''
    output.textContent = ''
    const { signal } = asked
    // Asked in every calendar alike: that it is asked says nothing of which.
    pause = setTimeout(async () => {
      const body = new URLSearchParams([
        ...typedInto(form).filter(([name]) => name === 'csrf' || part.querySelector(`[name="${name}"]`) !== null),
        ['before', before],
      ])
      const answer = await fetch('/desk/told', { method: 'POST', body, signal }).catch(() => undefined)
      if (answer?.ok !== true) return
      const told = (await answer.json()) as { text: string; seen: string }
      if (signal.aborted) return
      output.textContent = told.text
      seen.value = told.seen
    }, 300)
  })
}

for (const one of document.querySelectorAll<HTMLFormElement>('form:has([data-born])'))
  for (const { part, before } of bornParts(one)) tellBeside(one, part, before)

const box = document.querySelector<HTMLInputElement>('#said')
const understood = document.getElementById('understood')
if (box && understood) echo(box, understood)
if (form) void drafts(form)
if (waiting?.dataset.key && 'indexedDB' in window && crypto.subtle) void start(waiting.dataset.key)
if ('serviceWorker' in navigator) void navigator.serviceWorker.register('/desk/worker.js', { scope: '/desk' })
if (waiting?.dataset.offline) {
  // The browser may say that there is a line before there is one to the city: the city is asked.
  const back = async () => {
    if (await reachable()) location.replace('/desk')
  }
  addEventListener('online', () => void back())
  setInterval(() => void back(), 3000)
}
