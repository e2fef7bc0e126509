import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './postgres-server.ts'

/** The built service as its users start it, in a folder of its own. */
export interface Running {
  child: ChildProcess
  address: string
  /** All it has printed. */
  output(): string
  environment: Record<string, string>
  exit: Promise<number | null>
  kill(signal: NodeJS.Signals): Promise<number | null>
}

export interface Folder {
  path: string
  remove(): void
}

/** @param like a folder that it starts as a copy of, such as one with a migrated database, which takes a first start many seconds */
export function scratchFolder(like?: string): Folder {
  const path = mkdtempSync(join(tmpdir(), 'padron-run-'))
  if (like !== undefined) cpSync(like, path, { recursive: true })
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Starts a command and watches what it says. @param typed what somebody types into it @param within the folder it works in */
export function run(
  command: string[],
  environment: Record<string, string>,
  { typed, within }: { typed?: string; within?: string } = {},
): Running {
  const [program = '', ...parameters] = command
  let text = ''
  const child = spawn(program, parameters, {
    env: { ...process.env, ...environment },
    ...(within === undefined ? {} : { cwd: within }),
    stdio: [typed === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  child.stdin?.end(typed)
  child.stdout?.on('data', (chunk) => {
    text += chunk
  })
  child.stderr?.on('data', (chunk) => {
    text += chunk
  })
  const exit = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  return {
    child,
    address: `http://127.0.0.1:${environment.PORT}`,
    output: () => text,
    environment,
    exit,
    kill: (signal) => {
      child.kill(signal)
      return exit
    },
  }
}

/** Starts the service and waits until it says that it is ready. */
export async function start(folder: Folder, more: Record<string, string> = {}): Promise<Running> {
  const port = await freePort()
  const environment = {
    DATA_DIR: folder.path,
    PORT: String(port),
    DEMO_PORT: String(await freePort()),
    NODE_ENV: 'development',
    DEMO_NEIGHBOURS: '20',
    ...more,
  }
  const { COMMAND = 'node dist/main.js' } = more
  const running = run(COMMAND.split(' '), environment)
  const ended = running.exit.then((code) => {
    throw new Error(`it ended with ${code}: ${running.output()}`)
  })
  ended.catch(() => {})
  const ready = (async () => {
    while (!running.output().includes('is ready at')) await new Promise((resolve) => setTimeout(resolve, 50))
  })()
  await Promise.race([ready, ended])
  return running
}

/** What a command prints. @throws when it fails */
export async function outputOf(command: string[], environment: Record<string, string>): Promise<string> {
  const running = run(command, environment)
  const code = await running.exit
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${running.output()}`)
  return running.output().trim()
}
