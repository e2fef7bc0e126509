import { z } from '@hono/zod-openapi'
import { called, confirmedPlain, plain } from '../firewall/free-text.ts'
import { FunctionId } from '../firewall/functions.ts'

/** Fields an order may name. */
export const ORDER_FIELDS = ['name', 'dateOfBirth', 'contact', 'address', 'residence'] as const
export type OrderField = (typeof ORDER_FIELDS)[number]

/** What is written down of a demand. */
export const DemandFields = z.strictObject({
  authority: z.strictObject({
    name: called(200),
    /** As the demand says; without one that is listed it is refused. */
    functions: z.array(FunctionId).max(10),
    organisationId: z.uuid().optional(),
  }),
  purpose: z.enum(['immigration-control', 'other']),
  basis: z.enum(['judge-order', 'other']),
  basisText: plain(500),
  scope: plain(2000),
  /** Whom it is about, where whoever writes it down knows their id; not beside `person`. */
  neighbourId: z.uuid().optional(),
  /** Whom it is about in its own words: looked for once two officers have approved it, and not before. */
  person: z.strictObject({ name: called(200), dateOfBirth: z.string().regex(/^\d{4}(-\d\d(-\d\d)?)?$/) }).optional(),
  fields: z.array(z.enum(ORDER_FIELDS)).max(ORDER_FIELDS.length),
  /** Of the document, uploaded before: see `POST /v1/access-requests/documents`. */
  documentId: z.uuid(),
  /** The day until which the order forbids telling the neighbour, where it does. */
  secretUntil: z.iso.date().optional(),
  confirmedPlain,
})

/** A formal demand, as the legal officer who received it writes it down. */
export const Demand = DemandFields.refine((demand) => demand.neighbourId === undefined || demand.person === undefined, {
  path: ['person'],
  message: 'An order names its person by their id or in words: both could name two.',
}).openapi('Demand')
export type Demand = z.infer<typeof Demand>
