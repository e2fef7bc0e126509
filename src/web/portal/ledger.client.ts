// Checks each line of "who looked" against the public ledger: the entry is in the tree whose root the city has signed.
// RFC 9162 section 2.1.3.2; C2SP tlog-checkpoint.

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
const sha256 = async (...parts: Uint8Array[]) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(parts.flatMap((part) => [...part]))))
const nodeHash = (left: Uint8Array, right: Uint8Array) => sha256(Uint8Array.of(1), left, right)
const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, at) => byte === b[at])

interface Checkpoint {
  size: number
  root: Uint8Array
}

/** @param key name+hash+base64 of a type byte and the public key (C2SP signed-note) */
async function readCheckpoint(note: string, key: string): Promise<Checkpoint | undefined> {
  const end = note.indexOf('\n\n')
  const body = note.slice(0, end + 1)
  const [origin = '', size = '', root = ''] = body.split('\n')
  const [name = '', hash = '', ...rest] = key.split('+')
  if (origin !== name) return undefined
  const publicKey = await crypto.subtle.importKey('raw', bytesOf(rest.join('+')).slice(1), { name: 'Ed25519' }, false, [
    'verify',
  ])
  for (const line of note.slice(end + 2).split('\n')) {
    const [, signer, signature] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? []
    if (signer !== name || !signature) continue
    const bytes = bytesOf(signature)
    const mark = [...bytes.slice(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    if (mark !== hash) continue
    const holds = await crypto.subtle.verify(
      { name: 'Ed25519' },
      publicKey,
      bytes.slice(4),
      new TextEncoder().encode(body),
    )
    return holds ? { size: Number(size), root: bytesOf(root) } : undefined
  }
  return undefined
}

async function isIncluded(
  leaf: Uint8Array,
  { index, size, proof, root }: { index: number; size: number; proof: Uint8Array[]; root: Uint8Array },
) {
  if (index >= size) return false
  let [node, last] = [index, size - 1]
  let computed = leaf
  for (const step of proof) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      computed = await nodeHash(step, computed)
      while (node % 2 === 0 && node !== 0) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)]
    } else computed = await nodeHash(computed, step)
    ;[node, last] = [Math.floor(node / 2), Math.floor(last / 2)]
  }
  return last === 0 && same(computed, root)
}

async function checkLine(line: HTMLElement, checkpoint: Checkpoint, texts: DOMStringMap): Promise<void> {
  const leaf = bytesOf((line.dataset.leaf ?? '').replaceAll('-', '+').replaceAll('_', '/'))
  const hex = [...leaf].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const answer = await fetch(`/ledger/proofs/inclusion?leaf=${hex}&size=${checkpoint.size}`)
  const mark = document.createElement('p')
  if (answer.status === 404) {
    mark.textContent = `… ${texts.soon}`
    line.dataset.checked = 'soon'
  } else {
    const { index, proof } = (await answer.json()) as { index: number; proof: string[] }
    const holds = await isIncluded(leaf, {
      index,
      size: checkpoint.size,
      proof: proof.map(bytesOf),
      root: checkpoint.root,
    })
    mark.textContent = holds ? `✓ ${texts.proved}` : `✗ ${texts.broken}`
    line.dataset.checked = holds ? 'yes' : 'no'
  }
  line.append(mark)
}

const ledger = document.getElementById('ledger')
if (ledger) {
  const run = async () => {
    // A page may bring the checkpoint its lines stand under.
    const note = ledger.dataset.checkpoint ?? (await (await fetch('/ledger/checkpoint')).text())
    const checkpoint = await readCheckpoint(note, ledger.dataset.key ?? '')
    if (checkpoint === undefined) return
    for (const line of ledger.querySelectorAll<HTMLElement>('[data-leaf]'))
      await checkLine(line, checkpoint, ledger.dataset)
  }
  void run()
}
