// Looks whether the wallet has answered, and then shows the page again. Without it a link does.
const waiting = document.getElementById('waiting')

async function look(question: string): Promise<void> {
  for (;;) {
    await new Promise((next) => setTimeout(next, 1500))
    const answer = await fetch(`/counter/requests/${question}/settled`).catch(() => undefined)
    if (answer?.ok && ((await answer.json()) as { settled: boolean }).settled) return location.reload()
  }
}

if (waiting?.dataset.question) void look(waiting.dataset.question)
