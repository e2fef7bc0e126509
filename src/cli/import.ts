import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parse } from 'csv-parse'
import { sql } from 'kysely'
import { ConfigInvalid } from '../config.ts'
import type { Staff } from '../firewall/requester.ts'
import { inMunicipality } from '../platform/database.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import { type LifeRules, lifeRules } from '../registry/person/dates/life-dates.ts'
import { type BulkHousehold, registerHouseholds } from '../registry/register/register-households.ts'
import type { Municipality } from '../town/model.ts'
import { DEFAULT_EARLIEST_RESIDENCE } from '../town/store.ts'
import { columnsOf, isForbidden, Mapping, type Person, personOf } from './import-mapping.ts'
import type { Progress } from './output.ts'

/** What an import found and did. Lines and columns, never what stands in them. */
export interface ImportReport {
  rows: number
  households: number
  /** Rows of people who left the old register before: not counted above, and not imported. */
  departed: number
  /** The codes of province and municipality that all rows have, where the file says so. */
  town?: { province: string; municipality: string }
  /** Columns nobody asked for, and columns nobody may ask for. */
  dropped: { column: string; why: 'not-mapped' | 'forbidden' }[]
  bad: { line: number; why: string }[]
  imported: number
  alreadyImported: number
  /** Households left out because somebody in them is registered by the same document. */
  known: { line: number }[]
}

const BATCH = 48
const LANES = 2
const MOST_BAD_LISTED = 1000

/** @throws {ConfigInvalid} naming each fault */
export function readMapping(file: string): Mapping {
  const parsed = Mapping.safeParse(JSON.parse(readFileSync(file, 'utf8')))
  if (!parsed.success)
    throw new ConfigInvalid(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'))
  const forbidden = columnsOf(parsed.data).filter(isForbidden)
  if (forbidden.length > 0)
    throw new ConfigInvalid(`These columns have no place here and cannot be mapped: ${forbidden.join(', ')}`)
  return parsed.data
}

interface Household {
  line: number
  rows: { line: number; row: Record<string, string> }[]
}

interface Line {
  record: Record<string, string>
  info: { lines: number }
}

/** The rows of a file with headings. */
function separated(file: string, mapping: Mapping, headings: (names: string[]) => void): AsyncIterable<Line> {
  return createReadStream(file, { encoding: mapping.encoding }).pipe(
    parse({
      delimiter: mapping.delimiter,
      bom: true,
      info: true,
      skip_empty_lines: true,
      relax_column_count: true,
      columns: (names: string[]) => {
        headings(names)
        return names
      },
    }),
  )
}

/** The rows of a file whose fields stand at fixed places. */
async function* fixedIn(
  file: string,
  { encoding, lengths, tidy = (row) => row }: Mapping,
  fields: NonNullable<Mapping['fixed']>,
): AsyncGenerator<Line> {
  let lines = 0
  for await (const text of createInterface({ input: createReadStream(file, { encoding }), crlfDelay: Infinity })) {
    lines += 1
    if (text.trim() === '') continue
    if (lengths && (text.length < lengths[0] || text.length > lengths[1]))
      throw new ConfigInvalid(`Line ${lines} has ${text.length} letters, not ${lengths[1]}: this is another layout.`)
    const cut = ([from, length]: [number, number]) => text.slice(from - 1, from - 1 + length)
    const record = Object.fromEntries(Object.entries(fields).map(([name, place]) => [name, cut(place)]))
    yield { record: tidy(record), info: { lines } }
  }
}

/** The households of a file, one after the other, as it is read. */
async function* householdsIn(
  file: string,
  {
    mapping,
    headings,
    left = () => {},
  }: { mapping: Mapping; headings: (names: string[]) => void; left?: (() => void) | undefined },
): AsyncGenerator<Household> {
  if (mapping.fixed) headings(Object.keys(mapping.fixed))
  const rows = mapping.fixed ? fixedIn(file, mapping, mapping.fixed) : separated(file, mapping, headings)
  const { departed } = mapping
  let current: (Household & { key: string }) | undefined
  for await (const { record, info } of rows) {
    if (departed?.values.includes((record[departed.column] ?? '').trim())) {
      left()
      continue
    }
    const key =
      mapping.household === undefined
        ? `line ${info.lines}`
        : (record[mapping.household] ?? '').trim() || `line ${info.lines}`
    if (current && current.key !== key) {
      yield current
      current = undefined
    }
    current ??= { key, line: info.lines, rows: [] }
    current.rows.push({ line: info.lines, row: record })
  }
  if (current) yield current
}

/** What holds in any town that has set nothing else. */
const anyTown = (): LifeRules => ({
  today: Temporal.Now.plainDateISO(),
  floor: Temporal.PlainDate.from(DEFAULT_EARLIEST_RESIDENCE),
})

/**
 * Reads the whole file and writes nothing: what would be imported, and what is wrong with it.
 *
 * @param confirmed whether somebody has looked at what sounds of papers, and it is about something else
 * @param rules what the town's own dates are measured by, where it is at hand
 */
export async function checkImport(
  file: string,
  mapping: Mapping,
  { confirmed = false, rules = anyTown() }: { confirmed?: boolean | undefined; rules?: LifeRules } = {},
): Promise<ImportReport> {
  const report: ImportReport = {
    rows: 0,
    households: 0,
    departed: 0,
    dropped: [],
    bad: [],
    imported: 0,
    alreadyImported: 0,
    known: [],
  }
  const used = new Set(columnsOf(mapping))
  const seen = new Set<string>()
  const documents = new Set<string>()
  const bad = (line: number, why: string) => report.bad.push({ line, why })
  const headings = (names: string[]) => {
    const missing = [...used].filter((name) => !names.includes(name))
    if (missing.length > 0) throw new ConfigInvalid(`The file has no column ${missing.join(', ')}.`)
    report.dropped = names
      .filter((name) => !used.has(name))
      .map((column) => ({ column, why: isForbidden(column) ? 'forbidden' : 'not-mapped' }))
  }
  const left = () => {
    report.departed += 1
  }
  for await (const household of householdsIn(file, { mapping, headings, left })) {
    report.households += 1
    const key = mapping.household ? (household.rows[0]?.row[mapping.household] ?? '').trim() : ''
    if (key !== '' && seen.has(key))
      bad(household.line, `the household of this row stands elsewhere too: sort the file by ${mapping.household}`)
    if (key !== '') seen.add(key)
    for (const { line, row } of household.rows) {
      report.rows += 1
      if (mapping.town) {
        const [province = '', municipality = ''] = [row[mapping.town.province], row[mapping.town.municipality]]
        report.town ??= { province, municipality }
        if (report.town.province !== province || report.town.municipality !== municipality)
          throw new ConfigInvalid(`Line ${line} is of another town than the lines before it.`)
      }
      const person = personOf(row, { mapping, rules, confirmed })
      if ('fault' in person) bad(line, person.fault)
      else if (person.document !== undefined) {
        // Hashed at once, so that a million of them do not lie about in memory.
        const mark = createHash('sha256').update(person.document.toUpperCase()).digest('base64')
        if (documents.has(mark)) bad(line, `a document that another row has too`)
        documents.add(mark)
      }
    }
  }
  return report
}

/**
 * Imports a file that was checked. Households with a bad row are left out whole. A run that was killed goes on where
 * it stopped; what was under way then is recognised and not imported twice.
 */
export async function importFile(
  deps: RegistryDeps,
  town: Municipality,
  {
    officeId,
    file,
    mapping,
    report,
    progress,
    confirmed = false,
  }: {
    officeId: string
    file: string
    mapping: Mapping
    report: ImportReport
    progress: Progress
    confirmed?: boolean | undefined
  },
): Promise<ImportReport> {
  const { town: from } = report
  if (from && (from.province !== town.provinceCode || from.municipality !== town.municipalityCode))
    throw new ConfigInvalid(`The file is of town ${from.province}${from.municipality}, not of this one.`)
  const clerk: Staff = { kind: 'staff', id: 'import', role: 'clerk', organisationId: officeId, case: 'import' }
  const rules = lifeRules(deps.clock, town)
  const badLines = new Set(report.bad.map(({ line }) => line))
  const sha256 = await fingerprint(file)
  const note = await importNote(deps, town, sha256)
  const before = await note.read(deps.clock.now())
  let read = 0
  let rows = 0
  const waiting: { household: BulkHousehold; line: number; count: number }[] = []
  const flush = async () => {
    const batch = waiting.splice(0)
    const lanes = Array.from({ length: LANES }, (_, lane) => batch.filter((_, i) => i % LANES === lane))
    await Promise.all(
      lanes.map(async (lane) => {
        const outcomes = await registerHouseholds(
          deps,
          { town, by: clerk },
          lane.map(({ household }) => household),
        )
        for (const [i, outcome] of outcomes.entries()) {
          const { line = 0, count = 0 } = lane[i] ?? {}
          if (outcome === 'imported') report.imported += count
          if (outcome === 'already-imported') report.alreadyImported += count
          if (outcome === 'known-document') report.known.push({ line })
        }
      }),
    )
    await note.write(read, badLines.size > 0)
    progress.at(rows)
  }
  for await (const { line, rows: people } of householdsIn(file, { mapping, headings: () => {} })) {
    read += 1
    rows += people.length
    if (people.some((one) => badLines.has(one.line))) continue
    const parsed = people
      .map(({ row }) => personOf(row, { mapping, rules, confirmed }))
      .filter((one): one is Person => !('fault' in one))
    const [first] = parsed
    if (first === undefined || parsed.length !== people.length) continue
    if (read <= before) {
      report.alreadyImported += people.length
      continue
    }
    const household = { key: `${sha256} ${line}`, address: first.address, people: parsed.map(({ form }) => form) }
    waiting.push({ household, line, count: people.length })
    if (waiting.length >= BATCH * LANES) await flush()
  }
  await flush()
  report.bad.splice(MOST_BAD_LISTED)
  return report
}

async function fingerprint(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** Days for which households that came in are recognised one by one. */
const RECOGNISED = 29

/**
 * How many households of a file need not be looked at any more, written down beside them: in another database nothing is known
 * of it. Where rows were left out, all of them are looked at again.
 */
async function importNote(deps: RegistryDeps, town: Municipality, sha256: string) {
  const { hash } = await deps.gate.keysOf(town.id)
  const file = hash(`import ${sha256}`)
  return {
    read: (now: Temporal.Instant): Promise<number> =>
      inMunicipality(deps.database, town.id, async (transaction) => {
        const row = await transaction
          .selectFrom('imports')
          .select(['households', 'left_out', 'begun_at'])
          .where('municipality_id', '=', town.id)
          .where('file', '=', file)
          .executeTakeFirst()
        if (!row?.left_out) return row?.households ?? 0
        if (row.begun_at.getTime() < now.subtract({ hours: 24 * RECOGNISED }).epochMilliseconds)
          throw new ConfigInvalid(
            'This file came in more than a month ago, without some of its rows. Bring those in as a file of their own.',
          )
        return 0
      }),
    write: (households: number, leftOut: boolean): Promise<void> =>
      inMunicipality(deps.database, town.id, async (transaction) => {
        await transaction
          .insertInto('imports')
          .values({ municipality_id: town.id, file, households, left_out: leftOut })
          .onConflict((known) =>
            known
              .columns(['municipality_id', 'file'])
              .doUpdateSet({ households, left_out: leftOut, updated_at: sql`clock_timestamp()` }),
          )
          .execute()
      }),
  }
}
