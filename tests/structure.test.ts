import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
  .map((file) => join('src', file))
const textOf = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]))
const importsOf = (file: string) =>
  [...(textOf.get(file) ?? '').matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)|import '(\.[^']+)'/g)]
    .map(([, a, b, c]) => a ?? b ?? c ?? '')
    .map((target) => relative('.', join(dirname(file), target)))
const roomOf = (file: string) => (file.split('/').length > 2 ? file.split('/')[1] : 'edge') ?? 'edge'

/** What each room may import, besides itself. Pages, entry points and commands may import every room. */
const MAY_IMPORT: Record<string, string[]> = {
  platform: [],
  verify: [],
  ledger: ['platform'],
  firewall: ['platform', 'ledger'],
  identity: ['platform', 'ledger', 'firewall', 'registry'],
  registry: ['platform', 'ledger', 'firewall'],
  proofs: ['platform', 'ledger', 'firewall', 'registry', 'verify'],
  statistics: ['platform', 'ledger', 'firewall', 'registry'],
}

describe('what is read', () => {
  it('is named column by column: a connection cannot read what it has prepared once a release adds one to \u201call\u201d', () => {
    const all = files.filter((file) =>
      /selectAll\(|returningAll\(|select (\w+\.)?\* from \w+( where|`|\()/.test(textOf.get(file) ?? ''),
    )
    expect(all).toEqual([])
  })
})

describe('the rooms', () => {
  it('import one way', () => {
    const wrong: string[] = []
    for (const file of files) {
      const allowed = MAY_IMPORT[roomOf(file)]
      // Routes are outermost: they join a room to the HTTP edge.
      if (allowed === undefined || file.endsWith('routes.ts')) continue
      for (const target of importsOf(file)) {
        if (!target.startsWith('src/')) continue
        const room = roomOf(target)
        if (room !== roomOf(file) && !allowed.includes(room)) wrong.push(`${file} → ${target}`)
      }
    }
    expect(wrong).toEqual([])
    expect(files.length).toBeGreaterThan(50)
  })

  it('touch no other room’s tables', () => {
    const tables: Record<string, string[]> = {
      neighbours: ['registry'],
      particulars: ['registry'],
      evidence: ['registry'],
      representatives: ['registry'],
      addresses: ['registry'],
      households: ['registry'],
      residences: ['registry'],
      said_starts: ['registry'],
      welfare_checks: ['registry'],
      movements: ['registry'],
      proceedings: ['registry'],
      visits: ['registry'],
      likenesses: ['registry'],
      joins: ['registry'],
      proceeding_answers: ['registry'],
      erasures: ['registry'],
      search_tokens: ['registry'],
      municipalities: ['registry'],
      idempotency_keys: ['registry'],
      restores: ['registry', 'ledger'],
      lost_places: ['proofs'],
      installation: ['proofs'],
      proofs: ['proofs'],
      status_lists: ['proofs'],
      signing_keys: ['proofs'],
      ledger_entries: ['ledger'],
      ledger_sequence: ['ledger'],
      ledger_tiles: ['ledger'],
      ledger_checkpoints: ['ledger'],
      ledger_cosignatures: ['ledger'],
      ledger_keys: ['firewall'],
      // Founding a town enrols its organisations; identity asks which one a client belongs to.
      organisations: ['firewall', 'registry'],
      organisation_functions: ['firewall'],
      organisation_links: ['firewall'],
      enforcement_bodies: ['firewall'],
      attestations: ['firewall'],
      clients: ['firewall', 'identity'],
      staff_affiliations: ['firewall'],
      policy_versions: ['firewall'],
      lockdowns: ['firewall'],
      lockdown_votes: ['firewall'],
      query_counts: ['firewall'],
      seen_people: ['firewall'],
      seen_totals: ['firewall'],
      budget_releases: ['firewall'],
      officer_acts: ['firewall'],
      drawn_openings: ['firewall'],
      flags: ['firewall'],
      watched_neighbours: ['firewall'],
      staff_neighbours: ['firewall'],
      access_requests: ['firewall', 'registry'],
      demand_documents: ['firewall'],
      access_request_reviews: ['firewall'],
      notices: ['registry'],
      notice_deliveries: ['registry'],
      used_proofs: ['identity'],
      check_codes: ['proofs'],
      // Counted in one place, forgotten with the codes on papers.
      code_attempts: ['registry', 'proofs'],
      helpers: ['identity'],
      document_seals: ['proofs'],
      wallet_offers: ['proofs'],
      wallet_nonces: ['proofs'],
      presentation_requests: ['counter'],
      sessions: ['identity'],
      drafts: ['desk'],
      enrolments: ['identity'],
      kept_forms: ['identity'],
      passkeys: ['identity'],
      passkey_challenges: ['identity'],
      resident_cards: ['identity'],
      complaints: ['portal'],
      applications: ['portal'],
      client_keys: ['firewall', 'identity'],
      organisation_codes: ['portal'],
      complaint_attachments: ['portal'],
      // A record comes with its wrapped key.
      registry_keys: ['firewall'],
      data_keys: ['firewall', 'registry', 'proofs'],
    }
    const wrong: string[] = []
    for (const [file, text] of textOf) {
      const room = roomOf(file)
      if (room === 'edge' || room === 'cli' || room === 'ui') continue
      for (const [, table] of text.matchAll(
        /(?:selectFrom|insertInto|updateTable|deleteFrom|innerJoin)\(\s*'([a-z_]+)'/g,
      )) {
        if (table && !tables[table]?.includes(room)) wrong.push(`${file}: ${table}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('have no file that is a drawer', () => {
    expect(files.filter((file) => /(utils?|helpers?|common|types|misc)\.tsx?$/.test(file))).toEqual([])
    expect(files.filter((file) => (textOf.get(file)?.split('\n').length ?? 0) > 400)).toEqual([])
  })
})

describe('the gate', () => {
  const users = (name: RegExp) => files.filter((file) => name.test(textOf.get(file) ?? '')).sort()

  it('alone makes what may be disclosed, and replies alone unwrap it', () => {
    expect(users(/import \{[^}]*\bdisclosed\b[^}]*\} from '[^']*disclosed\.ts'/)).toEqual(['src/firewall/gate.ts'])
    expect(users(/import \{[^}]*\breveal\b[^}]*\} from '[^']*disclosed\.ts'/)).toEqual(['src/firewall/reply.ts'])
  })

  it('alone opens data keys of neighbours and addresses', () => {
    expect(users(/\bunwrapDataKey\b/)).toEqual([
      // Counts what opens in a drill; looks into nothing.
      'src/cli/destruction.ts',
      'src/firewall/municipality-keys.ts',
      'src/firewall/opener.ts',
      'src/firewall/recount.ts',
      'src/firewall/seal.ts',
    ])
    expect(users(/\bcreateOpener\b/)).toEqual(['src/firewall/gate.ts', 'src/firewall/opener.ts'])
    expect(users(/\bopenBytes\b/)).toEqual([
      'src/firewall/cipher.ts',
      'src/firewall/key-provider.ts',
      'src/firewall/seal.ts',
      // Opens with the code on a paper, which the city does not have.
      'src/proofs/check-code.ts',
      'src/registry/search-links.ts',
    ])
  })

  it('is the only way to an answer: no route makes a response of its own', () => {
    const makers = users(/new Response\(/).filter(
      (file) => !['src/firewall/reply.ts', 'src/firewall/endpoint.ts'].includes(file),
    )
    // These answer about nobody: health, pages about nobody, the demo sign-in, and a verifier's own status list.
    expect(makers).toEqual([
      'src/app.tsx',
      'src/identity/demo-sign-in.ts',
      'src/proofs/verification.ts',
      'src/ui/routes.tsx',
    ])
  })

  it('config.ts alone reads the environment; telemetry alone writes the log', () => {
    expect(users(/process\.env/)).toEqual(['src/config.ts'])
    expect(users(/console\./)).toEqual(['src/platform/telemetry.ts'])
  })
})

describe('sending what the gate has not let through', () => {
  const folder = join('tests', '.compile')
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const attempts: [string, string, boolean][] = [
    ['what was disclosed', 'Reply.disclose(disclosed)', true],
    ['part of it', 'Reply.disclose(disclosed.map(({ name }) => name))', true],
    ['public data', 'Reply.open(publicData({ issuer: "x" }))', true],
    ['a record', 'Reply.disclose(record)', false],
    ['a promise of a record', 'Reply.disclose(Promise.resolve(record))', false],
    ['a record said to be public by its shape', 'Reply.open({ value: record })', false],
    ['a look-alike of a disclosure', 'Reply.disclose({ map: () => record })', false],
    ['a disclosure of one’s own making', 'Reply.disclose(new Disclosed(record))', false],
    ['a reply of one’s own making', 'new Reply(JSON.stringify(record), 200, {})', false],
    ['a bare response from a route', 'endpoint(house, spec, async () => new Response(JSON.stringify(record)))', false],
    ['a bare record from a route', 'endpoint(house, spec, async () => record)', false],
    ['a reply from a route', 'endpoint(house, spec, async () => Reply.disclose(disclosed))', true],
  ]

  it('does not compile', () => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts', '../../src/**/*.d.ts'] }),
    )
    for (const [i, [, code]] of attempts.entries()) {
      writeFileSync(
        join(folder, `attempt-${i}.ts`),
        `import { Disclosed } from '../../src/firewall/disclosed.ts'
import { endpoint, type House } from '../../src/firewall/endpoint.ts'
import { publicData, Reply } from '../../src/firewall/reply.ts'
declare const disclosed: Disclosed<{ name: string }>
declare const record: { name: string }
declare const house: House<unknown>
const spec = { method: 'get', path: '/x', summary: '', tag: '', auth: 'public', answers: {} } as const
export const used = [Disclosed, endpoint, publicData, Reply, disclosed, record, house, spec]
export const attempt = () => ${code}
`,
      )
    }
    const { stdout } = spawnSync('node_modules/.bin/tsc', ['--noEmit', '-p', folder], { encoding: 'utf8' })
    const failed = new Set([...stdout.matchAll(/attempt-(\d+)\.ts/g)].map(([, i]) => Number(i)))
    for (const [i, [what, , compiles]] of attempts.entries())
      expect(failed.has(i), `${what}: ${stdout}`).toBe(!compiles)
  })
})
