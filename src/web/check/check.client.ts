import decodeQr from 'qr/decode.js'
import { ProofInvalid, type PublicKey, verifyProof } from '../../verify/index.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import { type AnswerTexts, answerBox } from './show-answer.client.ts'

interface Material extends AnswerTexts {
  issuer: string
  keys: PublicKey[]
  statusLists: Record<string, string>
  knownAt: string
}

/** How long this page may go without news of what was taken back, seconds. */
const LONGEST_OFFLINE = 86_400

const by = <T extends HTMLElement>(id: string) => document.getElementById(id) as T
const material: Material = JSON.parse(by('material').textContent ?? '')
const text = (name: string) => material.texts[name] ?? name
const knownAt = new Date(material.knownAt)
const age = () => (Date.now() - knownAt.getTime()) / 1000

/** Checks with what came with the page. Nothing is asked of anyone. */
async function check(token: string): Promise<Outcome> {
  const { issuer, keys, statusLists } = material
  try {
    const proof = await verifyProof(token.trim(), { issuer, keys, statusLists, staleness: LONGEST_OFFLINE })
    return { verdict: 'valid', reason: age() > 600 ? 'check.whyStale' : 'check.whyValid', proof }
  } catch (error) {
    if (error instanceof ProofInvalid) return outcomeOf(error.code, age() > 600)
    throw error
  }
}

function show(outcome: Outcome): void {
  const answer = by('answer')
  answer.replaceChildren(answerBox(outcome, material, knownAt))
  answer.scrollIntoView({ block: 'start' })
}

async function checkAndShow(token: string): Promise<void> {
  stopCamera()
  show(await check(token))
}

type Detector = { detect(source: CanvasImageSource): Promise<{ rawValue: string }[]> }
const detector = async (): Promise<Detector | undefined> => {
  const maker = (
    globalThis as { BarcodeDetector?: { new (options: object): Detector; getSupportedFormats(): Promise<string[]> } }
  ).BarcodeDetector
  if (maker === undefined || !(await maker.getSupportedFormats()).includes('qr_code')) return undefined
  return new maker({ formats: ['qr_code'] })
}

/** The text of a QR code in a picture, by the browser where it can, else by the decoder that came with the page. */
async function read(source: ImageBitmap | HTMLVideoElement, native: Detector | undefined): Promise<string | undefined> {
  if (native) return (await native.detect(source))[0]?.rawValue
  const [width, height] =
    source instanceof HTMLVideoElement ? [source.videoWidth, source.videoHeight] : [source.width, source.height]
  if (width === 0) return undefined
  const scale = Math.min(1, 1600 / Math.max(width, height))
  const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale))
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) return undefined
  context.drawImage(source, 0, 0, canvas.width, canvas.height)
  const image = context.getImageData(0, 0, canvas.width, canvas.height)
  try {
    return decodeQr({ width: image.width, height: image.height, data: image.data }, { timeLimit: 3000, effort: 4 })
  } catch {
    return undefined
  }
}

let stream: MediaStream | undefined

function stopCamera(): void {
  for (const track of stream?.getTracks() ?? []) track.stop()
  stream = undefined
  by('video').hidden = true
  by('camera').textContent = text('check.camera')
}

async function startCamera(): Promise<void> {
  if (stream) return stopCamera()
  const video = by<HTMLVideoElement>('video')
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 1280 } } })
  } catch {
    by('answer').textContent = text('check.noCamera')
    return
  }
  by('camera').textContent = text('check.stop')
  video.hidden = false
  video.srcObject = stream
  await video.play()
  const native = await detector()
  while (stream) {
    const found = await read(video, native)
    if (found !== undefined) return checkAndShow(found)
    await new Promise((next) => setTimeout(next, 100))
  }
}

by('ways').hidden = false
by('camera').addEventListener('click', () => void startCamera())
by<HTMLInputElement>('photo').addEventListener('change', async ({ target }) => {
  const [file] = (target as HTMLInputElement).files ?? []
  if (file === undefined) return
  const found = await read(await createImageBitmap(file), await detector())
  if (found === undefined) show({ verdict: 'cannot-tell', reason: 'check.noCode' })
  else await checkAndShow(found)
})
by('go').addEventListener('click', () => void checkAndShow(by<HTMLTextAreaElement>('paste').value))

/** What the address brought is checked and taken out of the address bar, and so out of the history. */
function checkFragment(): void {
  const fragment = decodeURIComponent(location.hash.slice(1))
  if (fragment.length < 40) return
  history.replaceState(null, '', location.pathname)
  void checkAndShow(fragment)
}
addEventListener('hashchange', checkFragment)
checkFragment()
if ('serviceWorker' in navigator) void navigator.serviceWorker.register('/v/worker.js', { scope: '/v' })
