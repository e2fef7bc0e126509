import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'

// npm run fuzz -- --requests 200000 [--seed 7]

const { values } = parseArgs({ options: { requests: { type: 'string', default: '20000' }, seed: { type: 'string' } } })
const seed = values.seed ?? String(randomInt(2 ** 31))
process.stdout.write(`${values.requests} requests, seed ${seed}\n`)
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'postgres', 'tests/faults/fuzz.store.test.ts'], {
  stdio: 'inherit',
  env: { ...process.env, FUZZ_REQUESTS: values.requests, FUZZ_SEED: seed },
})
process.exitCode = status ?? 1
