import { expect, it } from 'vitest'
import { demoTown } from '../../src/cli/demo-town.ts'
import { TownFile } from '../../src/town/town-file.ts'

const now = Temporal.Instant.from('2026-03-01T10:00:00Z')
const taken = (issuer: string) => {
  const { organisations: _, ...town } = demoTown(issuer, now) as Record<string, unknown>
  const said = TownFile.safeParse({ ...town })
  return said.success ? 'yes' : [...new Set(said.error.issues.map(({ path }) => path.join('.')))]
}

it.each([
  ['https://padron.example', 'yes'],
  ['http://127.0.0.1:8080', 'yes'],
  ['http://localhost:8080', 'yes'],
  // Whoever is on the line would read the cookies of sign-ins.
  ['http://padron.example', ['issuer']],
  ['http://127.0.0.1.example', ['issuer']],
  ['ftp://padron.example', ['issuer']],
])('a town at %s is taken: %j', (issuer, answer) => {
  expect(taken(issuer)).toEqual(answer)
})
