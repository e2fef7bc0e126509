import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Every test file, from the root of the project. */
export const testFiles = (): string[] =>
  readdirSync('tests', { recursive: true, encoding: 'utf8' })
    .map((file) => join('tests', file))
    .filter((file) => /\.test\.tsx?$/.test(file))
    .sort()

/** Tests of the service as its users start it run what was built, not the source. */
export const runsWhatWasBuilt = (file: string): boolean =>
  /support\/process\.ts'|\bdist\//.test(readFileSync(file, 'utf8'))
