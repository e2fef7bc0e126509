import { z } from '@hono/zod-openapi'
import { SaidBy } from '../departure/hearing-model.ts'
import { DistinctBecause, EvidenceStrength, TakenDown } from '../model.ts'

/** A neighbour's history, as the API answers it. */
export const History = z
  .object({
    id: z.uuid(),
    knownAt: z.string(),
    trueAt: z.string(),
    state: z.record(z.string(), z.unknown()),
    movements: z.array(
      z.object({
        movement: z.string(),
        cause: z.string(),
        effectiveOn: z.string(),
        recordedAt: z.string(),
        distinctBecause: DistinctBecause.optional(),
        takenDown: TakenDown.optional(),
        earlierNameHidden: z.literal(true).optional(),
        saidBy: SaidBy.optional(),
        protection: z.enum(['hidden', 'shown']).optional(),
        start: z
          .object({
            was: z.iso.date(),
            said: z.iso.date(),
            reason: z.string().optional(),
            seen: EvidenceStrength.optional(),
            by: z.object({ role: z.string(), office: z.string().optional() }),
          })
          .optional()
          .openapi({ description: 'Of a start that was corrected, confirmed or refused' }),
      }),
    ),
    residences: z.array(
      z.object({
        id: z.uuid(),
        validFrom: z.string(),
        validTo: z.string().nullable(),
        recordedAt: z.string(),
        supersededAt: z.string().nullable(),
      }),
    ),
  })
  .openapi('History')
