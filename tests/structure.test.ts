import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { escapesIn } from './support/escapes.ts'

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
  .map((file) => join('src', file))
const textOf = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]))
const importsOf = (file: string) =>
  [...(textOf.get(file) ?? '').matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)|import '(\.[^']+)'/g)]
    .map(([, a, b, c]) => (a ?? b ?? c ?? '').replace(/\?.*/, ''))
    .map((target) => relative('.', join(dirname(file), target)))
const roomOf = (file: string) => (file.split('/').length > 2 ? file.split('/')[1] : 'app') ?? 'app'

/** The rooms from the ground up. Each may import those before it; those of one line know nothing of each other. */
const ROOMS = [
  ['platform'],
  ['http', 'keys'],
  ['ledger'],
  ['firewall'],
  ['town'],
  ['identity'],
  ['registry'],
  ['messages', 'statistics'],
  ['proofs'],
  ['oversight'],
  ['requests'],
  ['web'],
  ['cli', 'app'],
]
/** The folders of web, from the ground up; `.` is what stands in web itself. */
const WEB = [['ui'], ['.'], ['record'], ['check'], ['public'], ['desk', 'portal', 'counter']]
const levelIn = (order: string[][], room: string) => order.findIndex((rooms) => rooms.includes(room))
const webFolder = (file: string) => (file.split('/').length > 3 ? (file.split('/')[2] ?? '') : '.')
/** What the commands and the entry points may do: they put everything together. */
const together = (room: string) => room === 'cli' || room === 'app'

function mayImport(file: string, target: string): boolean {
  const [from, to] = [roomOf(file), roomOf(target)]
  // The verifier is a package of its own: whoever checks proofs may use it, and it uses nobody.
  if (to === 'verify') return from === 'verify' || levelIn(ROOMS, from) >= levelIn(ROOMS, 'proofs')
  if (from === 'verify') return false
  if (together(from) && together(to)) return true
  if (from !== to) {
    if (from === 'web' && webFolder(file) === 'ui') return to === 'platform' || to === 'http'
    return levelIn(ROOMS, to) < levelIn(ROOMS, from)
  }
  const [own, other] = [webFolder(file), webFolder(target)]
  return from !== 'web' || own === other || levelIn(WEB, other) < levelIn(WEB, own)
}

/** Files that import each other in a circle, each with those it is in a circle with. */
function circles(): string[][] {
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []
  const visit = (file: string): number => {
    const number = order.size
    order.set(file, number)
    let lowest = number
    stack.push(file)
    for (const target of importsOf(file)) {
      if (!textOf.has(target)) continue
      if (!order.has(target)) lowest = Math.min(lowest, visit(target))
      else if (stack.includes(target)) lowest = Math.min(lowest, order.get(target) ?? 0)
    }
    low.set(file, lowest)
    if (lowest === number) {
      const circle = stack.splice(stack.indexOf(file))
      if (circle.length > 1) found.push(circle)
    }
    return lowest
  }
  for (const file of files) if (!order.has(file)) visit(file)
  return found
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
  it('are those of the design, and every file stands in one', () => {
    const known = new Set([...ROOMS.flat(), 'verify'])
    expect(files.filter((file) => !known.has(roomOf(file)))).toEqual([])
    const folders = new Set(WEB.flat())
    expect(files.filter((file) => roomOf(file) === 'web' && !folders.has(webFolder(file)))).toEqual([])
    for (const room of known)
      expect(
        files.some((file) => roomOf(file) === room),
        room,
      ).toBe(true)
  })

  it('import one way, pages and routes included', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => target.startsWith('src/') && !mayImport(file, target))
        .map((target) => `${file} → ${target}`),
    )
    expect(wrong).toEqual([])
    expect(files.length).toBeGreaterThan(50)
  })

  it('name each file they import in full: what is not found is in no circle and crosses no line', () => {
    const lost = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => !existsSync(target))
        .map((target) => `${file} → ${target}`),
    )
    expect(lost).toEqual([])
  })

  it('have no files that import each other in a circle', () => {
    expect(circles()).toEqual([])
  })

  it('write to their own tables alone, and read others’ where it is written down', () => {
    const owned: Record<string, readonly string[]> = {
      keys: ['data_keys', 'registry_keys'],
      ledger: [
        'ledger_checkpoints',
        'ledger_cosignatures',
        'ledger_entries',
        'ledger_keys',
        'ledger_sequence',
        'ledger_tiles',
      ],
      firewall: [
        'agreed_grants',
        'attestations',
        'client_keys',
        'clients',
        'enforcement_bodies',
        'flags',
        'organisation_functions',
        'organisation_links',
        'organisations',
        'policy_versions',
        'query_counts',
      ],
      town: ['municipalities'],
      identity: [
        'enrolments',
        'helpers',
        'kept_forms',
        'passkey_challenges',
        'passkeys',
        'resident_cards',
        'sessions',
        'used_proofs',
      ],
      registry: [
        'addresses',
        'drafts',
        'erasures',
        'households',
        'idempotency_keys',
        'joins',
        'likenesses',
        'movements',
        'neighbours',
        'particulars',
        'proceeding_answers',
        'proceedings',
        'proofs',
        'representatives',
        'residences',
        'said_starts',
        'search_tokens',
        'visits',
        'welfare_checks',
      ],
      messages: ['notice_deliveries', 'notices'],
      proofs: [
        'check_codes',
        'counters',
        'document_seals',
        'presentation_requests',
        'signing_keys',
        'status_lists',
        'wallet_nonces',
        'wallet_offers',
      ],
      oversight: [
        'access_request_reviews',
        'access_requests',
        'budget_releases',
        'demand_documents',
        'drawn_openings',
        'lockdown_votes',
        'lockdowns',
        'officer_acts',
        'staff_affiliations',
        'staff_neighbours',
        'watched_neighbours',
      ],
      requests: ['applications', 'complaint_attachments', 'complaints', 'organisation_codes'],
    }
    /** What one query needs beside a room’s own tables; tables of the platform are the database’s own. */
    const read: Record<string, readonly string[]> = {
      keys: ['drafts', 'epochs', 'kept_forms', 'key_holders'],
      ledger: ['data_keys', 'jobs', 'restores'],
      firewall: [
        'budget_releases',
        'drawn_openings',
        'lockdowns',
        'municipalities',
        'neighbours',
        'organisation_graphs',
        'seen_totals',
        'staff_affiliations',
      ],
      town: ['restores'],
      identity: ['neighbours'],
      registry: [
        'access_requests',
        'complaints',
        'data_keys',
        'epochs',
        'evidence',
        'flags',
        'notice_deliveries',
        'notices',
        'organisations',
      ],
      messages: ['addresses', 'households', 'neighbours', 'residences'],
      proofs: ['data_keys', 'installation', 'lost_places', 'proofs'],
      oversight: [
        'attestations',
        'flags',
        'functions',
        'ledger_entries',
        'ledger_sequence',
        'notice_deliveries',
        'notices',
        'organisation_functions',
        'organisation_links',
        'organisations',
        'query_counts',
        'seen_totals',
      ],
      requests: ['neighbours'],
    }
    const tables = new Set(
      [
        ...(readFileSync('schema/database.ts', 'utf8')
          .split('export interface DB')[1]
          ?.matchAll(/^ {2}(\w+):/gm) ?? []),
      ].map(([, table]) => table),
    )
    const spoken =
      /(selectFrom|insertInto|updateTable|deleteFrom|innerJoin|leftJoin)\(\s*'([a-z_]+)|\b(insert into|update|delete from|from|join)\s+([a-z_]+)\b/g
    const wrong: string[] = []
    const used = new Set<string>()
    for (const [file, text] of textOf) {
      const room = roomOf(file)
      if (['platform', 'cli', 'app'].includes(room)) continue
      for (const [, method, named, word, raw] of text.matchAll(spoken)) {
        const table = named ?? raw ?? ''
        if (!tables.has(table) || owned[room]?.includes(table)) continue
        const writes = /^(insert|update|delete)/.test(method ?? word ?? '')
        if (writes || !read[room]?.includes(table)) wrong.push(`${file}: ${writes ? 'writes' : 'reads'} ${table}`)
        used.add(`${room} ${table}`)
      }
    }
    expect(wrong).toEqual([])
    expect(Object.entries(read).flatMap(([room, all]) => all.filter((table) => !used.has(`${room} ${table}`)))).toEqual(
      [],
    )
    expect(new Set(Object.values(owned).flat()).size).toBe(Object.values(owned).flat().length)
  })

  it('keep their SQL in their stores: nothing else of a room speaks to the database', () => {
    // The platform is the database's own; commands put everything together.
    const free = /^src\/(platform|cli)\/|^src\/serve\.ts$/
    const speaks = /\.(selectFrom|insertInto|updateTable|deleteFrom|mergeInto)\(|\bsql(<[^`]*>)?`/
    const stores = /(^|\/|-)store\.ts$/
    const found = files.filter((file) => speaks.test(textOf.get(file) ?? '') && !free.test(file))
    expect(found.filter((file) => !stores.test(file))).toEqual([])
    expect(found.length).toBeGreaterThan(15)
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
    expect(users(/import \{[^}]*\breveal\b[^}]*\} from '[^']*sendable\.ts'/)).toEqual([
      'src/firewall/disclosed.ts',
      'src/http/from-caller.ts',
      'src/http/reply.ts',
    ])
  })

  it('alone opens data keys of neighbours and addresses', () => {
    expect(users(/\bunwrapDataKey\b/)).toEqual([
      // Counts what opens in a drill; looks into nothing.
      'src/cli/destruction.ts',
      'src/firewall/opener.ts',
      'src/keys/municipality-keys.ts',
      // Drafts and forms that wait: nobody's record yet.
      'src/keys/passing-keys.ts',
      'src/keys/seal.ts',
      'src/ledger/recount.ts',
    ])
    expect(users(/\bcreateOpener\b/)).toEqual(['src/firewall/gate.ts', 'src/firewall/opener.ts'])
    expect(users(/\bopenBytes\b/)).toEqual([
      'src/keys/cipher.ts',
      'src/keys/key-provider.ts',
      'src/keys/seal.ts',
      // Opens with the code on a paper, which the city does not have.
      'src/proofs/find-by-code.ts',
      'src/registry/search/search-links.ts',
    ])
  })

  it('gives what it opened back in a box: no callback that sees it writes to anything outside of itself', () => {
    const found = files
      .filter((file) => !/^src\/(platform|keys|verify|cli)\//.test(file))
      .flatMap((file) => escapesIn(file, textOf.get(file) ?? '').map(({ target }) => `${file}: ${target}`))
    expect([...new Set(found)].sort()).toEqual(
      [
        // Lists of our own that are mapped: nothing of anybody is in them.
        'src/ledger/recount.ts: open',
        'src/ledger/verify.ts: erased',
        'src/proofs/paper/truetype.ts: end',
        'src/proofs/paper/typeset.ts: pen',
        'src/web/record/document-lines.ts: at',
        // Facts of the registry itself: whether the rules changed, whether all is closed, how many officers agreed.
        'src/firewall/policy-record.ts: changed',
        'src/oversight/enrol.ts: closed',
        'src/oversight/decide-act.ts: officers',
        // A flag, a number, a cursor or an id: which way a message went, whether there was anybody.
        'src/messages/notify.ts: channel',
        'src/oversight/read-look-ups.ts: before',
        'src/proofs/disclose.ts: found',
        'src/registry/person/join/propose-join.ts: other',
        'src/registry/person/representation/able-to-represent.ts: errors',
        'src/registry/register/find-duplicates.ts: count',
        'src/registry/register/hidden-likeness.ts: found',
        'src/web/desk/departing.tsx: wrong',
        'src/web/desk/neighbour-routes.tsx: others',
        // Opened values that stay in their use case, which seals them again or asks the gate once more with them.
        'src/oversight/handle-demand.ts: demand',
        'src/oversight/handle-demand.ts: known',
        'src/oversight/handle-demand.ts: order',
        'src/registry/household/households.ts: address',
        'src/registry/register/hidden-likeness.ts: dateOfBirth',
        'src/registry/register/hidden-likeness.ts: name',
      ].sort(),
    )
  })

  it('is looked at wherever a callback sees what was opened, however it is handed on', () => {
    const leaks = [
      'gate.open(ask, load, ([record]) => { out = record })',
      'onRecord(deps, acting, { id, use: (record) => { out = record } })',
      'box.map((value) => { list.push(value) })',
      'Reply.page(box, (value) => { seen.name = value })',
    ]
    for (const leak of leaks) expect(escapesIn('leak.ts', leak), leak).toHaveLength(1)
    expect(
      escapesIn('kept.ts', 'onRecord(deps, acting, { id, use: (record) => { const own = []; own.push(record) } })'),
    ).toEqual([])
  })

  it('is not gone round by public data: what says so knows nothing of people', () => {
    const open = users(/import \{[^}]*\bpublicData\b[^}]*\} from '[^']*public-data\.ts'/)
    expect(open).toEqual([
      'src/app.tsx',
      'src/http/problem-reply.ts',
      'src/ledger/routes.ts',
      'src/oversight/letter-routes.ts',
      'src/proofs/public-routes.ts',
      'src/proofs/wallet/metadata-routes.ts',
      'src/statistics/routes.ts',
      'src/town/routes.ts',
      'src/web/counter/practice-routes.tsx',
      'src/web/counter/routes.tsx',
      // Organisations and their machines; nothing of people.
      'src/web/portal/provider-routes.ts',
      'src/web/public-page.ts',
      'src/web/public/rights-routes.tsx',
      'src/web/public/routes.tsx',
      'src/web/ui/assets.ts',
    ])
    const ofPeople = /^src\/(registry|messages|identity\/(?!app)|firewall\/(gate|disclosed|opener))/
    const knowing = open
      .filter((file) => file !== 'src/app.tsx')
      .flatMap((file) =>
        importsOf(file)
          .filter((target) => ofPeople.test(target))
          .map((target) => `${file} → ${target}`),
      )
    // Public keys of machines, and the type of what it is handed.
    expect(knowing).toEqual([
      'src/web/portal/provider-routes.ts → src/identity/public-keys.ts',
      'src/web/portal/provider-routes.ts → src/registry/deps.ts',
    ])
    expect(users(/\bpublicPage\(/)).toEqual([
      'src/web/check/routes.tsx',
      'src/web/public/rights-routes.tsx',
      'src/web/public/routes.tsx',
    ])
  })

  it('is not gone round by what the caller sent: the front door alone says what that is', () => {
    expect(users(/import \{[^}]*\bfromCaller\b[^}]*\} from/)).toEqual(['src/http/endpoint.ts', 'src/http/route.ts'])
  })

  it('is not gone round by words of our own: few places make one of a text', () => {
    expect(users(/\bas Words\b/)).toEqual(['src/http/endpoint.ts', 'src/platform/problem.ts', 'src/registry/routes.ts'])
    expect(users(/\bas Code\b/)).toEqual([
      'src/http/headers.ts',
      'src/proofs/wallet/offer.ts',
      'src/web/counter/routes.tsx',
    ])
    expect(users(/\blogText\(/)).toEqual(['src/http/route.ts', 'src/platform/telemetry.ts'])
    expect(users(/\bcookieValue\(/)).toEqual([
      'src/identity/begin-session.ts',
      'src/identity/known-device.ts',
      'src/web/counter/routes.tsx',
      'src/web/desk/sign-in-routes.tsx',
    ])
    expect(users(/\bas (Path|Cookie|CookieValue|LogText|Uuid|Policy|ETag)\b/)).toEqual([
      'src/http/cookies.ts',
      'src/http/headers.ts',
      'src/http/path.ts',
      'src/platform/telemetry.ts',
    ])
  })

  it('is the only way to an answer: no route makes a response of its own', () => {
    expect(users(/new Response\(/)).toEqual([
      // Reads a form of several parts; nothing is answered with it.
      'src/http/form.ts',
      // For what is no request at all, in words of its own.
      'src/http/node.ts',
      'src/http/reply.ts',
      // Nothing, for who has it already.
      'src/http/route.ts',
      // The demonstration's own sign-in provider, and a verifier's own status list.
      'src/identity/demo-sign-in.ts',
      'src/proofs/verify-here.ts',
    ])
    expect(users(/\.toResponse\(/)).toEqual(['src/app.tsx', 'src/http/route.ts'])
  })

  it('count no day by the server’s clock: a town has its own, and for an hour or two around midnight another day', () => {
    const schema = readdirSync('schema').filter((file) => file.endsWith('.sql'))
    expect(schema.length).toBeGreaterThan(5)
    const byTheServer = /\bcurrent_date\b|(now|clock_timestamp|transaction_timestamp)\(\)::date/
    expect(schema.filter((file) => byTheServer.test(readFileSync(`schema/${file}`, 'utf8')))).toEqual([])
    expect(users(byTheServer)).toEqual([])
  })

  it('forms and what sends them are components: a page that makes its own would forget a token', () => {
    expect(users(/<form[ >]|<button type="submit"/)).toEqual([
      // The demonstration's own sign-in provider, which is no page of the city.
      'src/identity/demo-sign-in.ts',
      'src/web/ui/form.tsx',
      'src/web/ui/layout.tsx',
    ])
    // Where a session is, a form carries its token: only pages of nobody signed in have one without.
    const open = users(/<PublicForm/).filter((file) => /session\.csrf/.test(textOf.get(file) ?? ''))
    // Whoever helps comes with a code and is not signed in; whom they help is.
    expect(open).toEqual(['src/web/portal/helper-routes.tsx'])
  })

  it('config.ts alone reads the environment; telemetry alone writes the log', () => {
    expect(users(/process\.env/)).toEqual(['src/config.ts'])
    expect(users(/console\./)).toEqual(['src/platform/telemetry.ts'])
  })
})
