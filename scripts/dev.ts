// `npm run dev`: builds the service, starts it, and does both again when something changes in src/, schema/ or policies/.
// A service that runs is left alone until a newer one is built.
import { type ChildProcess, spawn } from 'node:child_process'
import { watch } from 'node:fs'

const WATCHED = ['src', 'schema', 'policies']
/** Milliseconds without another change after which it builds: an editor writes several files at once. */
const SETTLED = 100
/** Milliseconds that a service has to answer what it was asked, before it is ended. */
const MOST_STOPPING = 10_000

const say = (line: string) => process.stdout.write(`dev: ${line}\n`)
const begin = (...words: string[]) => spawn(process.execPath, words, { stdio: ['ignore', 'inherit', 'inherit'] })
const endOf = (child: ChildProcess) => new Promise<number | null>((resolve) => child.once('exit', resolve))

let stopping = false
let builder: ChildProcess | undefined
let service: { child: ChildProcess; ended: Promise<number | null> } | undefined

async function build(): Promise<boolean> {
  say('Building…')
  const started = performance.now()
  builder = begin('node_modules/vite/bin/vite.js', 'build', '--mode', 'node', '--logLevel', 'error')
  const code = await endOf(builder)
  builder = undefined
  if (stopping) return false
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  say(code === 0 ? `Built in ${seconds} s.` : 'The build failed. It is tried again at the next change.')
  return code === 0
}

async function stopService(): Promise<void> {
  if (service === undefined) return
  const { child, ended } = service
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), MOST_STOPPING)
  await ended
  clearTimeout(late)
}

function startService(): void {
  const child = begin('--disable-sigusr1', 'dist/main.js')
  const mine = { child, ended: endOf(child) }
  service = mine
  void mine.ended.then((code) => {
    if (service !== mine) return
    service = undefined
    if (!stopping && !restarting)
      say(`The service ended (${code ?? 'by a signal'}). It is started again after the next change.`)
  })
}

let changed = true
let restarting = false
let underWay: Promise<void> | undefined

/** Builds and restarts until nothing has changed meanwhile. */
async function catchUp(): Promise<void> {
  while (changed && !stopping) {
    changed = false
    if (!(await build()) || changed) continue
    if (service) say('Restarting…')
    restarting = true
    await stopService()
    restarting = false
    if (!stopping) startService()
  }
}

function begun(): void {
  underWay ??= catchUp().finally(() => {
    underWay = undefined
    if (changed && !stopping) begun()
  })
}

let settling: NodeJS.Timeout | undefined
const watchers = WATCHED.map((folder) =>
  watch(folder, { recursive: true }, (_, file) => {
    // What editors write beside a file while they save it.
    if (file === null || /(^|\/)\.|~$|\.sw.$/.test(file)) return
    clearTimeout(settling)
    settling = setTimeout(() => {
      say(`${folder}/${file} changed.`)
      changed = true
      begun()
    }, SETTLED)
  }),
)

async function stop(): Promise<void> {
  if (stopping) {
    service?.child.kill('SIGKILL')
    return
  }
  stopping = true
  clearTimeout(settling)
  for (const watcher of watchers) watcher.close()
  builder?.kill('SIGTERM')
  await underWay
  await stopService()
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

say(`Watching ${WATCHED.map((folder) => `${folder}/`).join(', ')}. Stop with Ctrl-C.`)
begun()
