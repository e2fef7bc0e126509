import { z } from '@hono/zod-openapi'
import { plain } from '../firewall/free-text.ts'

export const place = {
  streetType: plain(50).optional(),
  streetName: plain(200).optional(),
  number: plain(20).optional(),
  block: plain(20).optional(),
  stair: plain(20).optional(),
  floor: plain(20).optional(),
  door: plain(20).optional(),
  postcode: plain(16).optional(),
  territory: z
    .strictObject({
      province: z
        .string()
        .regex(/^\d{2}$/)
        .optional(),
      municipality: z
        .string()
        .regex(/^\d{3}$/)
        .optional(),
      district: z
        .string()
        .regex(/^\d{2}$/)
        .optional(),
      section: z
        .string()
        .regex(/^\d{3}$/)
        .optional(),
    })
    .optional(),
  coordinates: z
    .strictObject({ latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180) })
    .optional(),
}

export const Place = z.strictObject(place)

export type Place = z.infer<typeof Place>

/** A street, or a name by which it is found: an address without either says nothing. */
export const says = (place: Partial<Record<'streetName' | 'name' | 'description', string | undefined>>) =>
  /[\p{L}\p{N}]/u.test(`${place.streetName ?? ''}${place.name ?? ''}${place.description ?? ''}`)

export const saysNothing = (field: 'streetName' | 'description' | 'name', message: string) => ({
  path: [field],
  message,
})

export const ReferenceAddress = z
  .strictObject({ name: plain(200).optional(), ...place })
  .refine(says, saysNothing('streetName', 'Give the name of the place, a street, or both.'))

export type ReferenceAddress = z.infer<typeof ReferenceAddress>
