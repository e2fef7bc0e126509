// Looks whether the wallet has answered, and then shows the page again. Without it a link does.
const waiting = document.getElementById('waiting')

async function look(question: string): Promise<void> {
  for (;;) {
    await new Promise((next) => setTimeout(next, 1500))
    const answer = await fetch(`/counter/requests/${question}/settled`).catch(() => undefined)
    if (answer?.ok && ((await answer.json()) as { settled: boolean }).settled) return location.reload()
  }
}

/** Counts answers of this desk's day, in this browser alone: numbers, and the last question so that none counts twice. */
function tally({ service, question, verdict, text }: DOMStringMap): string {
  const key = `padron-tally-${service}`
  const day = new Date().toDateString()
  const kept = JSON.parse(localStorage.getItem(key) ?? '{}') as {
    day?: string
    valid: number
    other: number
    last?: string
  }
  const today = kept.day === day ? kept : { day, valid: 0, other: 0 }
  if (today.last !== question) today[verdict === 'valid' ? 'valid' : 'other'] += 1
  localStorage.setItem(key, JSON.stringify({ ...today, last: question }))
  return (text ?? '').replace('{valid}', String(today.valid)).replace('{other}', String(today.other))
}

const counted = document.getElementById('tally')
if (counted) counted.textContent = tally(counted.dataset)
if (waiting?.dataset.question) void look(waiting.dataset.question)
