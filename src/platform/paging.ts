import { type RawBuilder, sql } from 'kysely'

/** A place in a list that is ordered by a time or day, and by an id among equals. */
export interface After {
  at: string
  id: string
}

/** One page of a list. */
export interface Paged<T> {
  items: T[]
  /** Opaque: asks for the page after this one; absent on the last. */
  more: string | undefined
}

const PLACE = /^([0-9T:.Z-]{10,40}) ([0-9a-f-]{36})$/

/** @returns undefined of what is no cursor: then the list begins at its beginning */
export function readCursor(cursor: string | undefined): After | undefined {
  const text = Buffer.from(cursor ?? '', 'base64url').toString('latin1')
  const [, at, id] = PLACE.exec(text) ?? []
  return at === undefined || id === undefined ? undefined : { at, id }
}

/** Rows of one page, and where the next begins. */
export interface Page<Row> {
  rows: Row[]
  more: string | undefined
}

/**
 * A page of rows, of which one more than is shown was read.
 *
 * @param positionOf where a row stands in the order
 */
export function pageOf<Row>(rows: readonly Row[], most: number, positionOf: (row: Row) => After): Page<Row> {
  const shown = rows.slice(0, most)
  const last = shown.at(-1)
  if (rows.length <= most || last === undefined) return { rows: shown, more: undefined }
  const { at, id } = positionOf(last)
  return { rows: shown, more: Buffer.from(`${at} ${id}`, 'latin1').toString('base64url') }
}

/** A time of the database as a cursor has it: to the millisecond, which ids tell apart. */
export const toTheMillisecond = (column: string): RawBuilder<Date> =>
  sql<Date>`date_trunc('milliseconds', ${sql.ref(column)})`

/** The rows of a list by time and id that come after a place; all of them without one. */
export const afterPlace = (at: string, id: string, after: After | undefined): RawBuilder<boolean> =>
  after === undefined
    ? sql<boolean>`true`
    : sql<boolean>`(${toTheMillisecond(at)}, ${sql.ref(id)}) > (${after.at}::text::timestamptz, ${after.id}::text::uuid)`
