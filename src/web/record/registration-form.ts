import type { z } from 'zod'
import { saysTooMuch } from '../../firewall/free-text.ts'
import { latinDigits } from '../../platform/digits.ts'
import type { InvalidInput } from '../../platform/problem.ts'
import { isUuid } from '../../platform/uuid.ts'
import { Contact, type Name, Registration } from '../../registry/model.ts'
import {
  faultsOfBirth,
  faultsOfStart,
  ImpossibleDates,
  type LifeFault,
  type LifeRules,
} from '../../registry/person/dates/life-dates.ts'
import { saidDay } from '../../registry/person/dates/said-dates.ts'
import type { Municipality } from '../../town/model.ts'
import { holdsOf } from '../boxes.ts'
import type { PageContext } from '../page-visit.ts'
import { plainFaults } from '../plain.tsx'
import type { Faults } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { boxText } from '../ui/problem-page.tsx'
import { addressIn } from './address-form.ts'
import { bornIn, withoutCalendars, withoutTold } from './born-fields.tsx'
import { lifeFaultText, saidFaultText } from './dates.ts'
import { readDocument } from './machine-readable.ts'
import { dayText } from './texts.ts'
import type { Typed } from './typed.ts'

export const MOST_PEOPLE = 12

/** The boxes that say too much for a register, each with the reason. */
export const heldBack = (typed: Typed, t: Texts): Faults => plainFaults(t, typed, holdsOf)

/** What was typed, without what says too much; and where that was. */
export function withoutHeldBack(typed: Typed): { kept: Typed; held: string[] } {
  const held = Object.keys(typed).filter((field) => saysTooMuch(typed[field] ?? '', holdsOf(field)))
  return { kept: { ...typed, ...Object.fromEntries(held.map((field) => [field, ''])) }, held }
}

/** What of an unfinished form may be kept as a draft. */
export const draftOf = (typed: Typed) => withoutHeldBack(withoutTold(typed))

/** Stands where a document reader typed something whose check digit does not fit. */
const UNREAD = '?'

export interface Checked {
  /** One registration a person, the address in the first, and the person's number on the form. */
  people: { at: number; registration: Registration }[]
  faults: Faults
}

export const peopleIn = (typed: Typed) =>
  Math.min(MOST_PEOPLE, Math.max(1, Number.parseInt(typed.people ?? '1', 10) || 1))

/** What was typed, with every date in the usual calendar. That a text is not about papers is said each time it is sent. */
export function typedIn({ form, t, language }: Pick<PageContext, 'form' | 't' | 'language'>): Typed {
  const typed: Typed = Object.fromEntries(form.entries().map(([name, value]) => [name, value]))
  const { plain: _, ...rest } = typed
  return withoutDocuments(withoutCalendars(rest, { t, language }))
}

/** The form's own number: whatever is sent with it twice is done once. */
export const idempotencyKeyOf = ({ idempotencyKey = '' }: Typed): string =>
  isUuid(idempotencyKey) ? idempotencyKey : crypto.randomUUID()

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

/** Who reads a form, by which rules. */
export type FormReader = Pick<PageContext, 't' | 'language' | 'town'> & { rules: LifeRules }

/**
 * Turns what was typed into registrations, or says kindly what is missing and what cannot be.
 *
 * @param plain whether the clerk says that what sounds of papers is about something else
 */
export function check(typed: Typed, reader: FormReader, plain: { confirmedPlain?: true }): Checked {
  const { t, town, rules } = reader
  const faults: Record<string, string> = plain.confirmedPlain ? {} : { ...heldBack(typed, t) }
  const people: Checked['people'] = []
  const { address, faults: misplaced } = addressIn(typed, town, t)
  const since = dayIn(typed, { name: 'since', formReader: reader })
  if (since && 'fault' in since) faults.since = since.fault
  const from = since && 'date' in since ? since.date : undefined
  if (!typed.household) Object.assign(faults, misplaced)
  for (let i = 0; i < peopleIn(typed); i += 1) {
    const get = (name: string) => (typed[`p${i}_${name}`] ?? '').trim()
    const [given, family] = [get('given'), get('family')]
    if (get('document') === UNREAD || get('document').includes('<')) faults[`p${i}_document`] = t['register.notRead']
    const newborn = get('newborn') !== ''
    const child = newborn ? newbornIn(typed, i) : undefined
    const name = newborn ? child?.name : given || family ? nameIn(given, family) : undefined
    if (child?.hidden && !get('protected')) faults[`p${i}_protected`] = t['newborn.newbornHide']
    if (name === undefined) {
      if (newborn) faults[`p${i}_given`] = t['newborn.newbornOf']
      else if (i === 0) faults.p0_given = t['problem.name']
      else if (saysOf(typed, i)) faults[`p${i}_given`] = t['problem.nameOrEmpty']
      // Somebody of whom nothing was written is nobody; of all others everything that is wrong is said at once.
      if (i > 0 && !newborn && !saysOf(typed, i)) continue
    }
    if (!newborn && get('newborn-of')) faults[`p${i}_newborn-of`] = t['newborn.newbornTick']
    if (newborn && (given || family)) faults[`p${i}_given`] = t['newborn.newbornNamed']
    if (get('document') && !get('evidence').endsWith('document'))
      faults[`p${i}_document`] ??= t['problem.whichDocument']
    const confirmedAge = get('sure') !== ''
    const born = bornOf(typed, { before: `p${i}_`, reader, confirmedAge })
    if (born && 'fault' in born) faults[`p${i}_born`] = born.fault
    const dateOfBirth = born && 'date' in born ? born.date : undefined
    if (born === undefined && (get('about') || get('before'))) faults[`p${i}_born`] = t['register.yearMissing']
    if (
      newborn &&
      dateOfBirth &&
      dateOfBirth.slice(-10) < rules.today.subtract({ years: 1 }).toString().slice(0, dateOfBirth.length)
    )
      faults[`p${i}_given`] ??= t['newborn.newbornOld']
    const [late] = faultsOfStart(rules, { since: from ?? rules.today.toString(), born: dateOfBirth })
    if (late) faults.since ??= lifeText(late, reader)
    const parsed = Registration.safeParse({
      name: name ?? { given: '…' },
      ...(dateOfBirth === undefined ? {} : { dateOfBirth }),
      ...(confirmedAge ? { confirmedAge } : {}),
      ...(get('language') ? { languages: [get('language')] } : {}),
      ...(get('contact') ? { contact: contactIn(get('contact')) } : {}),
      ...(get('evidence')
        ? {
            evidence: {
              strength: get('evidence'),
              ...(get('document') ? { document: get('document') } : {}),
            },
          }
        : {}),
      ...(isUuid(get('guardian'))
        ? { representatives: [{ kind: get('acts-as') || 'parent', neighbourId: get('guardian') }] }
        : get('institution')
          ? { representatives: [{ kind: 'institution', name: get('institution') }] }
          : {}),
      ...(get('protected') ? { protected: true } : {}),
      ...(from ? { since: from } : {}),
      ...(typed.taken ? { takenDown: typed.taken } : {}),
      ...(typed.household
        ? { householdId: typed.household }
        : { address: faults.where === undefined && address ? address : { kind: 'no-fixed-address' } }),
      ...plain,
    })
    if (name === undefined) continue
    if (parsed.success) people.push({ at: i, registration: parsed.data })
    else Object.assign(faults, { ...faultsIn(parsed.error, t, `p${i}_`), ...faults })
  }
  return { people, faults }
}

/** Whether anything was typed of a person: what a form is drawn with says nothing of them. */
const saysOf = (typed: Typed, i: number): boolean =>
  Object.entries(typed).some(
    ([name, value]) =>
      name.startsWith(`p${i}_`) && !/_(evidence|calendar|acts-as|guardian)$/.test(name) && value.trim() !== '',
  )

/** A newborn without a name, who is called by somebody else of the form, or by who answers for them. @returns undefined where there is nobody */
function newbornIn(typed: Typed, i: number): { name: Name; hidden: boolean } | undefined {
  const get = (at: number, name: string) => (typed[`p${at}_${name}`] ?? '').trim()
  const others = Array.from({ length: peopleIn(typed) }, (_, at) => at).filter((at) => at !== i)
  const called = [
    { name: get(i, 'newborn-of'), hidden: false },
    ...others.map((at) => ({
      name: `${get(at, 'given')} ${get(at, 'family')}`.trim(),
      hidden: get(at, 'protected') !== '',
    })),
    { name: get(i, 'institution'), hidden: false },
  ].find(({ name }) => name !== '')
  return called && { name: { newbornOf: called.name }, hidden: called.hidden }
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
  if (recorded.newbornOf !== undefined) return name
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

/** A date as it was meant, or what to say beside its boxes. */
export type DateTyped = { date: string } | { fault: string }
type DateReader = Omit<FormReader, 'town'> & { town: Pick<Municipality, 'earliestResidence'> }

/** A date of birth as far as it is known, and as far as it can be. @returns undefined when nothing is typed */
export function bornOf(
  typed: Typed,
  { before, reader, confirmedAge }: { before: string; reader: DateReader; confirmedAge: boolean },
): DateTyped | undefined {
  const { t, language, rules } = reader
  const said = bornIn(typed, before, { language, thisYear: rules.today.year })
  if (said === undefined) return undefined
  if ('fault' in said) return { fault: saidFaultText(t, language, said) }
  const [impossible] = faultsOfBirth(rules, said.date, { confirmedAge })
  return impossible ? { fault: lifeText(impossible, reader) } : said
}

/** A whole day in three boxes. @returns undefined when all are empty */
export function dayIn(
  typed: Typed,
  {
    name,
    formReader: { t, language, rules },
    toCome = false,
  }: { name: string; formReader: Pick<FormReader, 't' | 'language' | 'rules'>; toCome?: boolean | undefined },
): DateTyped | undefined {
  const get = (part: string) => typed[`${name}-${part}`] ?? ''
  const boxes = { day: get('day'), month: get('month'), year: get('year') }
  const said = saidDay(boxes, { language, thisYear: rules.today.year, toCome })
  return said && 'fault' in said ? { fault: saidFaultText(t, language, said) } : said
}

/** Why a date cannot be true, in the words of the page. */
export const lifeText = (
  fault: LifeFault,
  { t, language, town }: Pick<FormReader, 't' | 'language'> & { town: Pick<Municipality, 'earliestResidence'> },
) => lifeFaultText(t, fault, dayText(language, town.earliestResidence))
/** In which box each part of a registration is typed. */
const PERSON_BOXES: Readonly<Record<string, string>> = {
  ...{ dateOfBirth: 'born', contact: 'contact', evidence: 'document', representatives: 'institution' },
}

/** What a person cannot be, beside the box that it was typed in. @param before the names of their boxes begin with this */
export function faultsIn({ issues }: z.ZodError, t: Texts, before: string): Faults {
  return Object.fromEntries(
    issues.map(({ code, path: [part, inner] }) => {
      const box = part === 'name' && inner === 'family' ? 'family' : (PERSON_BOXES[String(part)] ?? 'given')
      return [before + box, boxText(t, '…', code === 'too_big')]
    }),
  )
}

/** Errors of the registry's own, beside the fields they are about. @param person whom of a form they are about */
export function faultsOf(error: InvalidInput, reader: Pick<FormReader, 't' | 'language' | 'town'>, person = 0): Faults {
  if (error instanceof ImpossibleDates)
    return Object.fromEntries(
      error.faults.map((fault) => [
        fault.pointer === '/dateOfBirth' ? `p${person}_born` : fault.pointer.slice(1),
        lifeText(fault, reader),
      ]),
    )
  return Object.fromEntries(
    error.errors.map(({ pointer }) => {
      if (pointer === '/agreement') return ['agreement', reader.t['moving.minorsMissing']]
      const field = /since/.test(pointer) ? 'since' : /address|household/.test(pointer) ? 'where' : `p${person}_given`
      return [field, reader.t['problem.invalid']]
    }),
  )
}
