import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { measureDesk } from './desk.ts'
import { measureFirewall } from './firewall.ts'
import { measureLedger } from './ledger.ts'
import { measureMemory } from './memory.ts'
import { measurePapers } from './papers.ts'
import { measurePortal } from './portal.ts'
import { measureDecisions, measureProofs } from './proofs.ts'
import { measureQuality } from './quality.ts'
import { measureRegistration } from './registration.ts'
import { measureSearch } from './search.ts'
import { openStage } from './stage.ts'

// `npm run bench` measures everything; `npm run bench -- proofs search` only those. What is measured replaces
// its own part of docs/performance.md.

const PARTS = [
  'registration',
  'proofs',
  'search',
  'memory',
  'firewall',
  'papers',
  'quality',
  'ledger',
  'desk',
  'portal',
] as const
type Part = (typeof PARTS)[number]

const wanted = process.argv.slice(2).filter((word): word is Part => PARTS.some((part) => part === word))
const parts: readonly Part[] = wanted.length > 0 ? wanted : PARTS
const neighbours = Number(/--neighbours=(\d+)/.exec(process.argv.join(' '))?.[1] ?? 1_000_000)
const requests = Number(/--requests=(\d+)/.exec(process.argv.join(' '))?.[1] ?? 1_000_000)
const FILE = 'docs/performance.md'

const say = (line: string) => void process.stderr.write(`${line}\n`)
const one = (value: number) => value.toFixed(1)
const two = (value: number) => value.toFixed(2)
const whole = (value: number) => Math.round(value).toLocaleString('en')

const table = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

function replacePart(part: Part, text: string): void {
  const present = readFileSync(FILE, 'utf8')
  const [begin, end] = [`<!-- ${part} -->`, `<!-- /${part} -->`]
  const from = present.indexOf(begin) + begin.length
  const to = present.indexOf(end)
  if (from < begin.length || to < from) throw new Error(`${FILE} has no part ${part}`)
  const machine = `Measured ${Temporal.Now.plainDateISO()} on ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}.`
  writeFileSync(FILE, `${present.slice(0, from)}\n${machine}\n\n${text}\n${present.slice(to)}`)
  say(text)
}

const stage = await openStage()
try {
  for (const part of parts) {
    say(`— ${part}`)
    if (part === 'registration') {
      const figures = await measureRegistration(stage)
      const single = figures.find((row) => row.clients === 1)
      const share = single ? measureDecisions().clerk.p50 / (1_000_000 / single.ours) : 0
      const head = ['clients', 'registrations/s over HTTP', `plain inserts/s (${figures[0]?.with})`, 'ratio']
      const rows = figures.map((row) => [
        String(row.clients),
        whole(row.ours),
        whole(row.plain),
        two(row.ours / row.plain),
      ])
      replacePart(
        part,
        `${table(head, rows)}\n\nOf one registration at one client, the policy decision is ${one(share * 100)} %.`,
      )
    }
    if (part === 'proofs') {
      const { issue, verify } = await measureProofs()
      const decisions = measureDecisions()
      replacePart(
        part,
        [
          table(
            ['', 'ours/s', '@sd-jwt/sd-jwt-vc/s', 'ratio', 'node:crypto alone/s', 'ratio'],
            [
              [
                'issue, ten claims',
                whole(issue.ours),
                whole(issue.library),
                two(issue.ours / issue.library),
                whole(issue.raw),
                two(issue.ours / issue.raw),
              ],
              [
                'verify, ten claims',
                whole(verify.ours),
                whole(verify.library),
                two(verify.ours / verify.library),
                whole(verify.raw),
                two(verify.ours / verify.raw),
              ],
            ],
          ),
          '',
          table(
            ['gate decision', 'p50 µs', 'p99 µs'],
            [
              ['clerk registering', whole(decisions.clerk.p50), whole(decisions.clerk.p99)],
              ['provider, three links deep', whole(decisions.provider.p50), whole(decisions.provider.p99)],
              ['the same question within a second', one(decisions.again.p50), one(decisions.again.p99)],
            ],
          ),
        ].join('\n'),
      )
    }
    if (part === 'search') {
      const sizes = [10_000, 100_000, 1_000_000].filter((size) => size <= neighbours)
      const figures = await measureSearch(stage, sizes, say)
      replacePart(
        part,
        table(
          [
            'sealed neighbours',
            'name alone p50 ms',
            'p99 ms',
            'found',
            'with a year of birth p50 ms',
            'p99 ms',
            'found',
            'as said, “Fatou 1990” p50 ms',
            'p99 ms',
            'found',
            'filled at registrations/s',
          ],
          figures.map((row) => [
            whole(row.neighbours),
            one(row.name.p50),
            one(row.name.p99),
            `${one(row.name.found * 100)} %`,
            one(row.withYear.p50),
            one(row.withYear.p99),
            `${one(row.withYear.found * 100)} %`,
            one(row.said.p50),
            one(row.said.p99),
            `${one(row.said.found * 100)} %`,
            whole(row.filling),
          ]),
        ),
      )
    }
    if (part === 'firewall') {
      const { graphs, verify, equality } = await measureFirewall(stage, say)
      replacePart(
        part,
        [
          table(
            ['organisations', 'decisions/s', 'p50 ms', 'p99 ms'],
            graphs.map((row) => [whole(row.organisations), whole(row.perSecond), one(row.p50), one(row.p99)]),
          ),
          '',
          `\`padron ledger verify\`: ${whole(verify.entries)} entries at ${whole(verify.perSecond)} a second, ${verify.findings} findings.`,
          '',
          table(
            [
              'refusal of',
              'trials',
              'differing answers',
              'p50 ms, lives here',
              'p50 ms, does not',
              'KS statistic',
              'p',
            ],
            equality.map((row) => [
              row.endpoint,
              whole(row.trials),
              String(row.differentAnswers),
              two(row.here),
              two(row.nowhere),
              row.statistic.toFixed(3),
              two(row.p),
            ]),
          ),
        ].join('\n'),
      )
    }
    if (part === 'quality') {
      const figures = await measureQuality(stage, say)
      const percent = (share: number) => `${one(share * 100)} %`
      replacePart(
        part,
        table(
          ['what is said', 'queries', 'found in the first five', 'pg_trgm over plain text'],
          figures.map((row) => [row.kind, whole(row.queries), percent(row.ours), percent(row.trigrams)]),
        ),
      )
    }
    if (part === 'ledger') {
      const { cost, delay, verify } = await measureLedger(stage, say)
      replacePart(
        part,
        [
          `A registration with its entry costs ${two(cost.without / cost.with)} of one without (${whole(cost.with)} and ${whole(cost.without)} a second, by turns).`,
          '',
          `While ${whole(delay.perSecond)} people a second were registered, the oldest entry without a place was ${whole(delay.p50)} ms old at the median and ${whole(delay.p99)} ms at p99 (${delay.samples} samples; places are given once a second).`,
          '',
          `\`padron ledger verify\`: ${whole(verify.entries)} entries at ${whole(verify.perSecond)} a second, ${verify.findings} findings.`,
        ].join('\n'),
      )
    }
    if (part === 'desk') {
      const { desk, pages } = await measureDesk(stage)
      replacePart(
        part,
        [
          table(
            ['registering', 'keys', 'page loads', 'seconds at five keys a second'],
            desk.map((row) => [row.who, String(row.keys), String(row.loads), whole(row.seconds)]),
          ),
          '',
          table(
            ['page', 'KiB, shrunk', 'requests', 'usable after ms'],
            pages.map((row) => [row.page, one(row.kilobytes), String(row.requests), whole(row.usable)]),
          ),
        ].join('\n'),
      )
    }
    if (part === 'portal') {
      const { first, checking, load } = await measurePortal(stage)
      replacePart(
        part,
        [
          `From an empty browser to a proof on the screen, with a card: ${one(first.kilobytes)} KiB in ${first.requests} requests, shrunk; ${one(first.seconds)} s, typing left out; ${first.taps} taps after sign-in.`,
          '',
          table(
            ['checking', 'p50 ms', 'p95 ms'],
            checking.map((row) => [row.how, whole(row.p50), whole(row.p95)]),
          ),
          '',
          table(
            ['200 residents at once', 'a second', 'p50 ms', 'p95 ms', 'p95 beside the static page'],
            load.map((row) => [row.what, whole(row.perSecond), one(row.p50), one(row.p95), two(row.ratio)]),
          ),
        ].join('\n'),
      )
    }
    if (part === 'papers') {
      const { perSecond, kilobytes, page, codes, lists } = await measurePapers(stage)
      replacePart(
        part,
        [
          `${one(perSecond)} papers a second over HTTP, four at a time, seal and all; ${one(kilobytes)} KiB each.`,
          '',
          `The checking page on a first visit: ${one(page.first)} KiB in ${page.requests} requests, shrunk; on a later visit it needs none.`,
          '',
          table(
            ['QR code of', 'version', 'modules', 'letters', 'version as CWT in base64url', 'version as JWT'],
            codes.map((row) => [
              row.profile,
              String(row.version),
              `${row.modules} × ${row.modules}`,
              String(row.letters),
              String(row.asBase64),
              String(row.asJwt),
            ]),
          ),
          '',
          table(
            ['status list', 'taken back', 'packed in ms', 'KiB'],
            lists.map((row) => [whole(row.entries), whole(row.revoked), whole(row.milliseconds), whole(row.kilobytes)]),
          ),
        ].join('\n'),
      )
    }
    if (part === 'memory') {
      const row = await measureMemory(stage, requests)
      replacePart(
        part,
        table(
          ['requests', 'per second', 'at rest MiB', 'half way MiB', 'at the end MiB'],
          [[whole(row.requests), whole(row.perSecond), one(row.atRest), one(row.afterHalf), one(row.afterAll)]],
        ),
      )
    }
  }
} finally {
  await stage.close()
}
process.exit(0)
