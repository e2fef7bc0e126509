// Says in time that a session is about to end, and keeps it where somebody is still there. Without a script a line says how long.

const box = document.getElementById('stay')
const inner = box?.querySelector<HTMLElement>('div')
const form = box?.querySelector('form')
const WARNING = 120_000

if (box && inner && form) {
  const began = Date.now()
  const idle = Number(box.dataset.idle) * 1000
  const ends = began + Number(box.dataset.ends) * 1000
  let timer = 0
  const wait = () => {
    const end = Math.min(Date.now() + idle, ends)
    clearTimeout(timer)
    inner.hidden = true
    timer = window.setTimeout(
      () => {
        // Nothing keeps it longer than in all.
        form.hidden = ends - Date.now() <= WARNING
        inner.hidden = false
      },
      Math.max(0, end - WARNING - Date.now()),
    )
  }
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const body = new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]))
    const answer = await fetch(form.action, { method: 'POST', body, redirect: 'manual' }).catch(() => undefined)
    if (answer?.ok) wait()
  })
  wait()
}
