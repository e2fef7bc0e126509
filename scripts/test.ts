// `npm test` checks and tests everything. `npm test -- tests/registry/person/names.test.ts` runs that file only, or a folder, or
// whatever else Vitest is told.
import { spawnSync } from 'node:child_process'
import { runsWhatWasBuilt, testFiles } from './test-files.ts'

const asked = process.argv.slice(2)

function must(...[command = '', ...words]: string[]): void {
  const { status } = spawnSync(command, words, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

/** The test files that Vitest would run: those whose path has one of the words in it. */
function chosen(words: string[]): string[] {
  const paths = words
    .filter((word) => !word.startsWith('-'))
    .map((word) => word.replace(/^\.\//, '').replace(/:\d+$/, ''))
  const files = testFiles()
  const found = files.filter((file) => paths.some((path) => file.includes(path)))
  return found.length > 0 ? found : files
}

if (asked.length === 0) must('npm', 'run', '--silent', 'check')
else if (chosen(asked).some(runsWhatWasBuilt)) must('npm', 'run', '--silent', 'build')
must('vitest', 'run', ...asked)
