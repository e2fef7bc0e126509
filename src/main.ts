import { ConfigInvalid, readConfig } from './config.ts'
import { PoliciesInvalid } from './firewall/policies.ts'
import { KeyMaterialInvalid } from './keys/key-faults.ts'
import { AlreadyRunning } from './platform/embedded.ts'
import { ClockWrong, DatabaseOlder } from './platform/installation.ts'
import { DatabaseAway } from './platform/postgres.ts'
import { gatheringLog, outlineOf } from './platform/telemetry.ts'
import { type Service, startService } from './serve.ts'

/** Wrong password, unknown login, unknown database, not permitted to connect. */
const NOT_LET_IN = ['28P01', '28000', '3D000', '42501']

/** Milliseconds after which the process ends, whatever is still under way. */
const MOST_STOPPING = 28_000

/** Runs the service until it is told to stop; the exit code says how that went. */
export async function main(): Promise<void> {
  const { log, flush } = gatheringLog(process.stdout)
  process.on('exit', flush)
  let service: Service | undefined
  let stopping: Promise<void> | undefined
  const stop = () => {
    // Whatever hangs, hangs no longer than whoever stops it waits.
    setTimeout(() => process.exit(0), MOST_STOPPING).unref()
    stopping ??= (async () => {
      await service?.stop()
      process.exit(0)
    })()
  }
  // What nobody foresaw leaves nobody knows what behind: whoever watches over this process starts it anew.
  const fall = (error: unknown) => {
    log({ level: 'error', event: 'unforeseen', ...outlineOf(error) })
    flush()
    process.exit(1)
  }
  process.on('uncaughtException', fall)
  process.on('unhandledRejection', fall)
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // Left to itself, Node answers this signal with a debugger, which sees everything in memory.
  process.on('SIGUSR1', () => {})
  try {
    const config = readConfig()
    service = await startService(config, log, say)
    if (stopping) return
    say(`Padrón is ready at ${service.address}`)
    if (config.databaseUrl === undefined) {
      say('It runs on the embedded database, which survives a crash of this process but not a power cut.')
      say('It is for trying things out: production needs PostgreSQL, named in DATABASE_URL.')
    }
    if (config.demo) say('Everyone in it is invented. For an access token: npm run --silent token -- clerk')
  } catch (error) {
    const known =
      error instanceof ConfigInvalid ||
      error instanceof AlreadyRunning ||
      error instanceof KeyMaterialInvalid ||
      error instanceof PoliciesInvalid ||
      error instanceof DatabaseOlder ||
      error instanceof ClockWrong
    const code = error instanceof DatabaseAway ? error.reason : (outlineOf(error).code ?? '')
    if (known) complain(error.message)
    else if (error instanceof DatabaseAway || NOT_LET_IN.includes(code))
      complain(`DATABASE_URL: the database does not answer, or does not let us in (${code}).`)
    else log({ level: 'error', event: 'start', ...outlineOf(error) })
    process.exit(1)
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function complain(line: string): void {
  process.stderr.write(`Padrón did not start.\n${line}\n`)
}

await main()
