import { z } from '@hono/zod-openapi'

/** Where the next page of a list begins: given with the page before it. */
export const PageQuery = z.object({ after: z.string().max(200).optional() })
/** Absent on the last page. */
export const More = z
  .string()
  .optional()
  .openapi({ description: 'Opaque: `after` of the next page; absent on the last' })
