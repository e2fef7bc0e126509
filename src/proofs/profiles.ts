import { z } from '@hono/zod-openapi'

const files = import.meta.glob('../../policies/services/*.json', { import: 'default', eager: true })

export const CLAIMS = [
  'given_name',
  'family_name',
  'birthdate',
  'address',
  'district',
  'resident_since',
  'resident_at_least_1_year',
  'resident_at_least_2_years',
  'resident_at_least_3_years',
  'resident_at_least_5_years',
] as const
export type Claim = (typeof CLAIMS)[number]

const Profile = z.strictObject({
  id: z.string().regex(/^[a-z][a-z-]{1,40}$/),
  title: z.record(z.string(), z.string()),
  /** The most this service may receive, besides that the bearer lives here. */
  claims: z.array(z.enum(CLAIMS)),
  validityDays: z.int().min(1).max(92),
})
/** What a service may learn from a proof. */
export type Profile = z.infer<typeof Profile>

export const profiles: ReadonlyMap<string, Profile> = new Map(
  Object.values(files).map((file) => {
    const profile = Profile.parse(file)
    return [profile.id, profile]
  }),
)

export const ProfileId = z.enum([...profiles.keys()].sort() as [string, ...string[]])
