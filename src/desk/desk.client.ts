// Keeps a draft while a clerk types. Without it the button does the same.
const form = document.querySelector<HTMLFormElement>('form[data-draft]')
const kept = document.getElementById('kept')

async function keep(form: HTMLFormElement): Promise<void> {
  const fields = new URLSearchParams()
  for (const [name, value] of new FormData(form)) if (typeof value === 'string') fields.append(name, value)
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

if (form) {
  let waiting: ReturnType<typeof setTimeout> | undefined
  let last: Promise<void> = Promise.resolve()
  form.addEventListener('input', () => {
    clearTimeout(waiting)
    waiting = setTimeout(() => {
      last = last.then(() => keep(form)).catch(() => undefined)
    }, 1500)
  })
  form.addEventListener('submit', () => clearTimeout(waiting))
}
