import type { z } from 'zod'
import { type Holds, saysTooMuch } from '../firewall/free-text.ts'
import { latinDigits } from '../platform/digits.ts'
import type { InvalidInput } from '../platform/problem.ts'
import { parseBirthDate } from '../registry/birth-date.ts'
import { type Address, Address as AddressSchema, Contact, type Name, Registration } from '../registry/model.ts'
import { referenceAddressesOf } from '../registry/reference-addresses.ts'
import type { Faults } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { plainFaults } from '../ui/plain.tsx'
import type { Form } from '../ui/signed-in.tsx'
import { readDocument } from './machine-readable.ts'

export const MOST_PEOPLE = 12

type Towns = Parameters<typeof referenceAddressesOf>[0]

/** A form under way: what was typed, field by field. */
export type Typed = Record<string, string>

/** What each box holds, by the name it has on every form of the desk and the portal. */
function holdsOf(field: string): Holds {
  if (/^(usual|description|street|number|floor|postcode|district|point)$|^(p\d+_)?(institution|contact)$/.test(field))
    return 'plain'
  return /^(p\d+_)?(given|family)$/.test(field) ? 'name' : 'passing'
}

/** The boxes that say too much for a register, each with the reason. */
export const heldBack = (typed: Typed, t: Texts): Faults => plainFaults(t, typed, holdsOf)

/** What was typed, without what says too much; and where that was. */
export function withoutHeldBack(typed: Typed): { kept: Typed; held: string[] } {
  const held = Object.keys(typed).filter((field) => saysTooMuch(typed[field] ?? '', holdsOf(field)))
  return { kept: { ...typed, ...Object.fromEntries(held.map((field) => [field, ''])) }, held }
}

/** Stands where a reader typed something whose check digit does not fit. */
const UNREAD = '?'

export interface Checked {
  /** One registration a person, the address in the first. */
  people: Registration[]
  faults: Faults
}

export const peopleIn = (typed: Typed) =>
  Math.min(MOST_PEOPLE, Math.max(1, Number.parseInt(typed.people ?? '1', 10) || 1))

/** What was typed. That a text is not about papers is said each time it is sent. */
export function typedIn(form: Form): Typed {
  const typed: Typed = Object.fromEntries(form.entries().map(([name, value]) => [name, value.slice(0, 2000)]))
  const { plain: _, ...rest } = typed
  return withoutDocuments(rest)
}

/** The form's own number: whatever is sent with it twice is done once. */
export const onceOf = ({ once = '' }: Typed): string => (/^[0-9a-f-]{36}$/.test(once) ? once : crypto.randomUUID())

/**
 * Takes the lines of documents out of a form, wherever a reader typed them. Where a name goes they fill in what they
 * say of a person, and `read` asks for it to be looked at; where the number goes, the number; elsewhere nothing is left.
 */
function withoutDocuments(typed: Typed): Typed {
  const filled: Typed = { ...typed }
  for (const [name, value] of Object.entries(typed)) {
    const read = readDocument(value, Temporal.Now.plainDateISO().year)
    if (read === undefined) continue
    const [, person, part] = /^(p\d+)_(given|family|document)$/.exec(name) ?? []
    filled[name] = part === 'document' ? (read.number ?? UNREAD) : ''
    if (part !== 'given' && part !== 'family') continue
    if (!read.given && !read.family) {
      filled[`${person}_document`] = UNREAD
      continue
    }
    const [year = '', month = '', day = ''] = read.dateOfBirth?.split('-') ?? []
    Object.assign(filled, {
      [`${person}_given`]: read.given ?? '',
      [`${person}_family`]: read.family ?? '',
      [`${person}_born-year`]: year,
      [`${person}_born-month`]: month,
      [`${person}_born-day`]: day,
      [`${person}_evidence`]: 'photo-document',
      [`${person}_document`]: read.number ?? '',
      read: 'yes',
    })
  }
  return filled
}

/**
 * Turns what was typed into registrations, or says kindly what is missing.
 *
 * @param plain whether the clerk says that what sounds of papers is about something else
 */
export function check(typed: Typed, t: Texts, town: Towns, plain: { confirmedPlain?: true }): Checked {
  const faults: Record<string, string> = plain.confirmedPlain ? {} : { ...heldBack(typed, t) }
  const people: Registration[] = []
  const address = addressIn(typed, town)
  const since = isoDay(typed, 'since')
  if (since === 'wrong') faults.since = t.dNoSuchDay
  if (!typed.household) Object.assign(faults, addressFaults(address, t))
  for (let i = 0; i < peopleIn(typed); i += 1) {
    const get = (name: string) => (typed[`p${i}_${name}`] ?? '').trim()
    const [given, family] = [get('given'), get('family')]
    if (get('document') === UNREAD || get('document').includes('<')) faults[`p${i}_document`] = t.dNotRead
    if (given === '' && family === '') {
      if (i === 0) faults.p0_given = t.dGiven
      continue
    }
    const born = birthIn((part) => latinDigits(get(`born-${part}`)), get('about') !== '')
    if (born === 'wrong') faults[`p${i}_born`] = t.dBornHint
    const parsed = Registration.safeParse({
      name: nameIn(given, family),
      ...(born === undefined || born === 'wrong' ? {} : { dateOfBirth: born }),
      ...(get('language') ? { languages: [get('language')] } : {}),
      ...(get('contact') ? { contact: contactIn(get('contact')) } : {}),
      ...(get('evidence')
        ? {
            evidence: {
              strength: get('evidence'),
              ...(get('document') && get('evidence').endsWith('document') ? { document: get('document') } : {}),
            },
          }
        : {}),
      ...(/^[0-9a-f-]{36}$/.test(get('guardian'))
        ? { representatives: [{ kind: get('acts-as') || 'parent', neighbourId: get('guardian') }] }
        : get('institution')
          ? { representatives: [{ kind: 'institution', name: get('institution') }] }
          : {}),
      ...(get('protected') ? { protected: true } : {}),
      ...(since && since !== 'wrong' ? { since } : {}),
      ...(typed.household
        ? { householdId: typed.household }
        : { address: faults.where === undefined && address ? address : { kind: 'no-fixed-address' } }),
      ...plain,
    })
    if (parsed.success) people.push(parsed.data)
    else if (faults[`p${i}_document`] === undefined) faults[`p${i}_given`] ??= t.pInvalid
  }
  return { people, faults }
}

const MOST_FAMILY_NAMES = 6

/**
 * A name as it stands in two boxes. What was recorded stays as it is where its box was not touched: how family names go
 * together, and how its bearer writes it in Latin letters, do not stand in a box.
 */
export function nameIn(given: string, family: string, recorded?: Name | null): Name {
  const name = written(given, family)
  const sameFamily = recorded?.family?.join(' ') === name.family?.join(' ')
  if (!recorded || !sameFamily) return name
  if (recorded.given === name.given) return recorded
  return { ...name, ...(recorded.family ? { family: recorded.family } : {}) }
}

function written(given: string, family: string): Name {
  const words = family.split(/\s+/).filter((word) => word !== '')
  // Somebody may have more words in their family name than anyone counts.
  const names =
    words.length > MOST_FAMILY_NAMES
      ? [...words.slice(0, MOST_FAMILY_NAMES - 1), words.slice(MOST_FAMILY_NAMES - 1).join(' ')]
      : words
  return { ...(given ? { given } : {}), ...(names.length > 0 ? { family: names } : {}) }
}

/** All the ways to reach somebody, as they stand in one box. */
export const contactText = ({ email, phone, other }: Contact = {}): string =>
  [email, phone, other].filter(Boolean).join(', ')

/**
 * Ways to reach somebody, told apart by how they look: an e-mail address, a telephone number. What has other words in
 * it is kept as it was said: a number beside a name may be somebody else's, who must not be written to.
 *
 * @param recorded what stood in the box, which stays as it is where it was not touched
 */
export function contactIn(text: string, recorded?: Contact): Contact {
  if (recorded && contactText(recorded) === text) return recorded
  const tail = recorded?.other === undefined ? '' : `, ${recorded.other}`
  const kept = tail !== '' && text.endsWith(tail)
  const contact: Contact = kept ? { other: recorded?.other } : {}
  for (const part of (kept ? text.slice(0, -tail.length) : text).split(/[,;]/).map((one) => one.trim())) {
    const phone = latinDigits(part)
    if (contact.email === undefined && Contact.shape.email.safeParse(part).success) contact.email = part
    else if (contact.phone === undefined && /^[+\d\s().-]{6,40}$/.test(phone)) contact.phone = phone
    else return { other: text }
  }
  return contact
}

/** What a form was drawn with, which it gives back unseen. @returns undefined when it was not, or is not that any more */
export function recordedIn<T>(schema: z.ZodType<T>, json: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(json)).data
  } catch {
    return undefined
  }
}

/** A date of birth in three boxes, as far as it is known. @returns undefined when nothing is typed */
export function birthIn(get: (name: 'day' | 'month' | 'year') => string, about: boolean): string | 'wrong' | undefined {
  const [day, month, year] = [get('day'), get('month'), get('year')]
  if (year === '') return day || month ? 'wrong' : undefined
  const text = [year, ...(month ? [month.padStart(2, '0'), ...(day ? [day.padStart(2, '0')] : [])] : [])].join('-')
  const date = text + (about ? '~' : '')
  return parseBirthDate(date) ? date : 'wrong'
}

/** A day in three boxes. @returns undefined when all are empty */
export function isoDay(typed: Typed, name: string): string | 'wrong' | undefined {
  const [day = '', month = '', year = ''] = ['day', 'month', 'year'].map((part) =>
    latinDigits(typed[`${name}-${part}`] ?? '').trim(),
  )
  if (day === '' && month === '' && year === '') return undefined
  try {
    return Temporal.PlainDate.from(
      { year: Number(year), month: Number(month), day: Number(day) },
      { overflow: 'reject' },
    ).toString()
  } catch {
    return 'wrong'
  }
}

/** Where somebody lives, as typed. @returns undefined when no kind was chosen */
export function addressIn(typed: Typed, town: Towns): Address | undefined {
  const get = (name: string) => (typed[name] ?? '').trim()
  const part = (key: string, name: string) => (get(name) ? { [key]: get(name) } : {})
  const number = (key: string, name: string) => (get(name) ? { [key]: latinDigits(get(name)) } : {})
  const inDistrict = latinDigits(get('district'))
  const district = /^\d{2}$/.test(inDistrict) ? { territory: { district: inDistrict } } : {}
  const place = {
    ...part('streetName', 'street'),
    ...number('number', 'number'),
    ...number('floor', 'floor'),
    ...number('postcode', 'postcode'),
    ...district,
    ...pointIn(latinDigits(get('point'))),
  }
  // Nothing chosen: the registry takes the nearest.
  const kept = /^\d{1,2}$/.test(get('keptAt')) ? referenceAddressesOf(town)[Number(get('keptAt'))] : undefined
  switch (get('where')) {
    case 'dwelling':
      return { kind: 'dwelling', ...part('description', 'description'), ...place }
    case 'informal-dwelling':
      return { kind: 'informal-dwelling', ...part('description', 'description'), ...place }
    case 'collective':
      return { kind: 'collective', ...part('name', 'description'), ...place }
    case 'no-fixed-address':
      return {
        kind: 'no-fixed-address',
        ...part('usualArea', 'usual'),
        ...(kept === undefined ? {} : { referenceAddress: kept }),
      }
    default:
      return undefined
  }
}

/** What an address is without: a kind, or a street or words by which it is found. */
export function addressFaults(address: Address | undefined, t: Texts): Faults {
  if (address === undefined) return { where: t.dWhere }
  return AddressSchema.safeParse(address).success ? {} : { where: t.dPlace }
}

/** A point as people have it: two numbers, a `geo:` address, a link copied from a map. @see RFC 5870 */
export function pointIn(text: string): { coordinates?: { latitude: number; longitude: number } } {
  const [, north, east] = /(-?\d{1,2}\.\d+)\s*[,;/ ]\s*(-?\d{1,3}\.\d+)/.exec(text) ?? []
  const [latitude, longitude] = [Number(north), Number(east)]
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? { coordinates: { latitude, longitude } } : {}
}

/** Errors of the registry's own, beside the fields they are about. */
export function faultsOf(error: InvalidInput, t: Texts): Faults {
  return Object.fromEntries(
    error.errors.map(({ pointer }) => {
      if (pointer === '/agreement') return ['agreement', t.dMinorsMissing]
      const field = /since/.test(pointer) ? 'since' : /address|household/.test(pointer) ? 'where' : 'p0_given'
      return [field, t.pInvalid]
    }),
  )
}
