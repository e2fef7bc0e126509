// `npm run mutate -- src/verify` changes the source of a folder or a file in many small ways, one at a time, and says which
// changes no test notices; src/verify/jws.ts:20-40 takes those lines only. The tests are those that matter for it, or those that
// are named after it.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, normalize, relative } from 'node:path'
import { runsWhatWasBuilt, testFiles } from './test-files.ts'

const stop = (line: string): never => {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}
const [asked = '', ...named] = process.argv.slice(2).map((path) => normalize(path).replace(/\/$/, ''))
const [target = '', lines] = asked.split(/(?=:)/)
if (!target.startsWith('src') || !existsSync(target))
  stop('Say what to mutate, for example: npm run mutate -- src/verify')

const sources = (
  statSync(target).isFile()
    ? [target]
    : readdirSync(target, { recursive: true, encoding: 'utf8' }).map((file) => join(target, file))
).filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))

/** Tests of the built service do not see a mutated source. */
const files = testFiles().filter((file) => !runsWhatWasBuilt(file))

const nameOf = (file: string) => basename(file).split('.')[0]
const mirrorOf = (path: string) => join('tests', relative('src', path))

/** The tests that import what is mutated, and those that mirror it, by name or folder; where there are none, the nearest. */
function thatMatter(): string[] {
  const found = files.filter((file) => {
    const text = readFileSync(file, 'utf8')
    return (
      file.startsWith(`${mirrorOf(target)}/`) ||
      sources.some(
        (source) =>
          text.includes(`/${source}'`) ||
          (nameOf(file) === nameOf(source) && `${mirrorOf(dirname(source))}/`.startsWith(`${dirname(file)}/`)),
      )
    )
  })
  if (found.length > 0) return found
  for (let folder = dirname(mirrorOf(target)); folder !== 'tests' && folder !== '.'; folder = dirname(folder)) {
    const near = files.filter((file) => file.startsWith(`${folder}/`))
    if (near.length > 0) return near
  }
  return []
}

const tests = named.length > 0 ? files.filter((file) => named.some((path) => file.startsWith(path))) : thatMatter()
if (tests.length === 0) stop(`No test is near ${target}. Name some: npm run mutate -- ${target} tests/…`)

const home = 'scripts/mutation'
if (!existsSync(join(home, 'node_modules'))) {
  process.stdout.write('Installing Stryker…\n')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: home, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
process.stdout.write(
  `Mutating ${sources.length} files under ${target}, with:\n${tests.map((file) => `  ${file}\n`).join('')}`,
)
const { status } = spawnSync(
  process.execPath,
  [
    `${home}/node_modules/@stryker-mutator/core/bin/stryker.js`,
    'run',
    `${home}/stryker.json`,
    '--mutate',
    sources.map((source) => `${source}${lines ?? ''}`).join(','),
  ],
  { stdio: 'inherit', env: { ...process.env, PADRON_MUTATION_TESTS: tests.join(',') } },
)
process.exit(status ?? 1)
