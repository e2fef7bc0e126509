import { createHash } from 'node:crypto'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Whether this very build was asked about these very rules before and nothing got through; for trying things out, where a
 * start is not to take seconds longer each time. Production asks every time.
 *
 * @param digest of the rules
 */
export function verdictOn(digest: string): { known: boolean; keep(): void } {
  const program = fileURLToPath(import.meta.url)
  const { mtimeMs, size } = statSync(program)
  const name = createHash('sha256').update(`${digest} ${program} ${mtimeMs} ${size}`).digest('hex')
  // Beside the build, and gone with it.
  const file = join(dirname(program), `nothing-got-through-${name}`)
  return {
    known: existsSync(file),
    keep() {
      try {
        writeFileSync(file, '')
      } catch {
        // Where nothing can be written, the next start asks again.
      }
    },
  }
}
