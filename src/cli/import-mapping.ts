import { z } from 'zod'
import { fieldsSayingTooMuch } from '../firewall/free-text.ts'
import { type Address, Address as AddressSchema, Registration } from '../registry/model.ts'
import { parseBirthDate } from '../registry/person/dates/birth-date.ts'
import { faultsOfBirth, faultsOfStart, type LifeRule, type LifeRules } from '../registry/person/dates/life-dates.ts'

const column = z.string().min(1)
const columns = z.union([column, z.array(column).min(1)])
const DateColumn = z.strictObject({ column, format: z.enum(['iso', 'yyyymmdd', 'dd/mm/yyyy', 'yyyy']) })

/** Which column of a legacy register is what. Columns that are not named are dropped and reported. */
export const Mapping = z.strictObject({
  delimiter: z.string().length(1).default(','),
  encoding: z.enum(['utf8', 'latin1']).default('utf8'),
  /**
   * Of a file without headings, whose fields stand at fixed places: each field's name, its first column (from 1) and its
   * length, as in the published layouts of such exchanges.
   */
  fixed: z.record(column, z.tuple([z.int().min(1), z.int().min(1).max(2000)])).optional(),
  /** The fewest and the most letters a line of such a file has: another length is another layout. */
  lengths: z.tuple([z.int().min(1), z.int().min(1)]).optional(),
  /** The codes of the town each row is of, in columns: a file of another town is refused. */
  town: z.strictObject({ province: column, municipality: column }).optional(),
  /** Rows with one of these values are of people who left: they are counted and left out. */
  departed: z.strictObject({ column, values: z.array(z.string()).min(1) }).optional(),
  /** Rows with the same value live together, and stand together in the file. */
  household: column.optional(),
  given: columns,
  /** Columns in a list of their own are one family name, however many words it has. */
  family: z.union([column, z.array(columns).min(1)]).optional(),
  birthDate: DateColumn.optional(),
  sex: z.strictObject({ column, values: z.record(z.string(), z.enum(['female', 'male', 'x'])) }).optional(),
  /** Turned into a keyed hash, and never kept. */
  document: columns.optional(),
  since: DateColumn.optional(),
  language: column.optional(),
  phone: column.optional(),
  email: column.optional(),
  address: z
    .strictObject({
      streetType: columns.optional(),
      streetName: columns.optional(),
      number: columns.optional(),
      block: columns.optional(),
      stair: columns.optional(),
      floor: columns.optional(),
      door: columns.optional(),
      postcode: columns.optional(),
      district: columns.optional(),
      section: columns.optional(),
    })
    .default({}),
  /** Rows with one of these values have no fixed address. */
  noFixedAddress: z.strictObject({ column, values: z.array(z.string()).min(1) }).optional(),
})
export type Mapping = z.infer<typeof Mapping> & {
  /** What a layout that comes with the program does to a row before it is read. */
  tidy?: (row: Record<string, string>) => Record<string, string>
  /** Whoever imports says so: people of the file are more than 130 years old. */
  confirmedAges?: boolean
}

/** Headings of columns that no mapping may name: what the registry has no place for. */
const FORBIDDEN =
  /^(cpron|cmunn|naci|tiden|cauv|cnes|prdp|mudp|codp)( before)?$|nac?ionali|ciudadan|pa[ií]s.?(de.?)?nac|lugar.?nac|prov.?nac|mun.?nac|nationality|citizen|visa|permit|birth.?(place|country)|country.?of.?birth|extranj|situaci|residen.?card|tarjeta.?resid|caduc|relig|etni|ethnic/i
export const isForbidden = (heading: string) => FORBIDDEN.test(heading)

/** Every column a mapping reads. */
export function columnsOf(mapping: Mapping): string[] {
  const list = <T>(value: T | T[] | undefined): T[] => (value === undefined ? [] : ([value].flat() as T[]))
  return [
    ...list(mapping.household),
    ...list(mapping.given),
    ...list(mapping.family).flat(),
    ...list(mapping.document),
    ...list(mapping.language),
    ...list(mapping.phone),
    ...list(mapping.email),
    ...[mapping.birthDate, mapping.sex, mapping.since, mapping.noFixedAddress, mapping.departed].flatMap((one) =>
      one ? [one.column] : [],
    ),
    ...Object.values(mapping.town ?? {}),
    ...Object.values(mapping.address).flatMap((one) => list(one)),
  ]
}

export interface Person {
  form: Omit<Registration, 'address' | 'householdId'>
  address: Address
  document: string | undefined
}

/**
 * One row as a registration, or what is wrong with it: which column, never what stands in it.
 *
 * @param confirmed whether somebody has looked at what sounds of papers, and it is about something else
 */
export function personOf(
  row: Record<string, string>,
  { mapping, rules, confirmed = false }: { mapping: Mapping; rules: LifeRules; confirmed?: boolean | undefined },
): Person | { fault: string } {
  const get = (name: string | undefined) => (name === undefined ? '' : (row[name] ?? '').trim())
  const joined = (names: string | string[] | undefined, by: string) =>
    (names === undefined ? [] : [names].flat()).map(get).filter(Boolean).join(by)
  const given = joined(mapping.given, ' ')
  const family = [mapping.family ?? []]
    .flat()
    .flatMap((one) => (Array.isArray(one) ? [joined(one, ' ')] : get(one).split(/\s+/)))
    .filter(Boolean)
  if (given === '' && family.length === 0) return { fault: `no name in ${[mapping.given].flat().join(', ')}` }
  const born = dateIn(get(mapping.birthDate?.column), mapping.birthDate?.format)
  if (born === 'short-year') return { fault: `a year of fewer than four digits in ${mapping.birthDate?.column}` }
  if (born === null || (born !== undefined && !parseBirthDate(born)))
    return { fault: `no date in ${mapping.birthDate?.column}` }
  const since = dateIn(get(mapping.since?.column), mapping.since?.format)
  if (since === 'short-year') return { fault: `a year of fewer than four digits in ${mapping.since?.column}` }
  if (since === null || (since !== undefined && since.length !== 10))
    return { fault: `no day in ${mapping.since?.column}` }
  const [impossible] = [
    ...faultsOfBirth(rules, born, { confirmedAge: mapping.confirmedAges, pointer: mapping.birthDate?.column ?? '' }),
    ...(since === undefined ? [] : faultsOfStart(rules, { since, born }, mapping.since?.column)),
  ]
  if (impossible) return { fault: `${IMPOSSIBLE[impossible.rule]} in ${impossible.pointer}` }
  const sexCode = get(mapping.sex?.column)
  const sex = sexCode === '' ? undefined : mapping.sex?.values[sexCode]
  if (sexCode !== '' && sex === undefined) return { fault: `an unknown value in ${mapping.sex?.column}` }
  const document = joined(mapping.document, '')
  const [phone, email, language] = [get(mapping.phone), get(mapping.email), get(mapping.language)]
  const address = addressOf(joined, mapping, get(mapping.noFixedAddress?.column))
  if (address === undefined)
    return { fault: `no street in ${[mapping.address.streetName ?? 'the mapping'].flat().join(', ')}` }
  const parsedAddress = AddressSchema.safeParse(address)
  if (!parsedAddress.success) return { fault: `an address that cannot be one: ${pathsOf(parsedAddress.error)}` }
  const form = Registration.safeParse({
    name: { ...(given ? { given } : {}), ...(family.length > 0 ? { family } : {}) },
    ...(born ? { dateOfBirth: born } : {}),
    ...(sex ? { sex } : {}),
    ...(phone || email ? { contact: { ...(phone ? { phone } : {}), ...(email ? { email } : {}) } } : {}),
    ...(language ? { languages: [language] } : {}),
    ...(document ? { evidence: { strength: 'document', document } } : {}),
    ...(since ? { since } : {}),
    ...(mapping.confirmedAges ? { confirmedAge: true } : {}),
    cause: 'arrival',
    confirmedDistinct: true,
    ...(confirmed ? { confirmedPlain: true } : {}),
    address: parsedAddress.data,
  })
  if (!form.success) return { fault: `cannot be accepted: ${pathsOf(form.error)}` }
  const tooMuch = confirmed ? [] : fieldsSayingTooMuch(Registration, form.data)
  if (tooMuch.length > 0)
    return {
      fault: `may say something about papers: ${tooMuch.map(({ pointer }) => pointer.slice(1).replaceAll('/', '.')).join(', ')}`,
    }
  const { address: _, ...rest } = form.data
  return { form: rest, address: parsedAddress.data, document: document || undefined }
}

/** Why a date of a row cannot be true. */
const IMPOSSIBLE: Record<LifeRule, string> = {
  'born-to-come': 'a date of birth to come',
  'born-too-long-ago': 'a date of birth of more than 130 years ago (--confirm-ages takes it)',
  'day-to-come': 'a day to come',
  'before-floor': 'a day before the town keeps residences',
  'before-birth': 'a day before the date of birth',
  'birth-after-residence': 'a date of birth after they lived here',
  'before-residence': 'a day before they lived here',
  'back-before-leaving': 'a day before they had left',
  'before-leaving': 'a day before they had left',
  'short-year': 'a year of fewer than four digits',
  'no-such-day': 'no day',
}

const pathsOf = (error: z.ZodError) =>
  [...new Set(error.issues.map((issue) => issue.path.join('.') || 'the form'))].join(', ')

/** What registers write in the place of a street for people who have none. */
const NO_FIXED =
  /^\W*(sin (domicilio|techo|hogar|vivienda)|sense (domicili|sostre|llar|habitatge)|transe[uú]nte|sans (domicile|abri)|s\.?d\.?f|no fixed (address|abode)|homeless|rough sleep\w*|sem (domic[ií]lio|abrigo|teto|casa)|بلا مأوى|دون مأوى)(?!\p{L})/iu

/** @returns undefined where no street is written, and nothing that says why */
function addressOf(
  joined: (names: string | string[] | undefined, by: string) => string,
  mapping: Mapping,
  noFixed: string,
): unknown {
  const { noFixedAddress, address } = mapping
  if (noFixedAddress?.values.includes(noFixed)) return { kind: 'no-fixed-address' }
  const { district, section, ...place } = address
  const parts = Object.fromEntries(
    Object.entries(place).flatMap(([part, names]) => {
      const said = joined(names, part === 'streetName' ? ' ' : '').trim()
      return said ? [[part, said]] : []
    }),
  )
  const [inDistrict, inSection] = [joined(district, ''), joined(section, '')]
  const territory = {
    ...(inDistrict ? { district: inDistrict.padStart(2, '0') } : {}),
    ...(inSection ? { section: inSection.padStart(3, '0') } : {}),
  }
  const street = parts.streetName ?? ''
  if (NO_FIXED.test(street)) return { kind: 'no-fixed-address' }
  if (street === '') return undefined
  return { kind: 'dwelling', ...parts, ...(Object.keys(territory).length > 0 ? { territory } : {}) }
}

/** @returns undefined for an empty text, null for one that is no date */
function dateIn(
  text: string,
  format: z.infer<typeof DateColumn>['format'] | undefined,
): string | 'short-year' | null | undefined {
  if (text === '' || format === undefined) return undefined
  const match = {
    iso: /^(\d{1,4})-(\d{2})-(\d{2})$/,
    yyyymmdd: /^(\d{4})(\d{2})(\d{2})$/,
    'dd/mm/yyyy': /^(?<day>\d{1,2})\/(?<month>\d{1,2})\/(?<year>\d{1,4})$/,
    yyyy: /^(\d{1,4})$/,
  }[format].exec(text)
  if (match === null) return null
  const [year = '', month = '', day = ''] = match.groups
    ? [match.groups.year, match.groups.month, match.groups.day]
    : match.slice(1)
  if (Number(year) === 0) return null
  // Nobody can know which century was meant.
  if (year.length < 4 || Number(year) < 100) return 'short-year'
  // Registers write 00 for what is not known.
  const known = [year, ...(Number(month) > 0 ? [month, ...(Number(day) > 0 ? [day] : [])] : [])]
  return known.map((part) => part.padStart(2, '0')).join('-')
}
