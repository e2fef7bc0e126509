import { z } from '@hono/zod-openapi'
import { FunctionId } from '../firewall/functions.ts'
import { inEveryLanguage, type Language } from '../platform/languages.ts'
import { CLAIMS } from './claims.ts'

const files = import.meta.glob('../../policies/services/*.json', { import: 'default', eager: true })

const Profile = z.strictObject({
  id: z.string().regex(/^[a-z][a-z-]{1,40}$/),
  /** What organisations do that give this service: which of those enrolled it may have been. */
  givenBy: z.array(FunctionId),
  /** The most this service may receive, besides that the bearer lives here. */
  claims: z.array(z.enum(CLAIMS)),
  validityDays: z.int().min(1).max(92),
  /** Whether the service should ask the bearer to show, with a fresh signature, that the proof is theirs. */
  nonce: z.boolean(),
  /** Who may be given it: the neighbour alone, whoever represents them, or either. */
  askedBy: z.enum(['neighbour', 'representative', 'either']),
  /** Whether a neighbour gets it only shortly after signing in: it is worth money to whoever finds their telephone. */
  freshSignIn: z.boolean().default(false),
  /** Where the service answers questions about its use. */
  contact: z.email(),
})
/** What a service may learn from a proof. */
export interface Profile extends z.infer<typeof Profile> {
  /** What it is called, in each language. */
  title: Readonly<Record<Language, string>>
  /** What it is for, said to the neighbour. */
  purpose: Readonly<Record<Language, string>>
}

export const profiles: ReadonlyMap<string, Profile> = new Map(
  Object.values(files).map((file) => {
    const profile = Profile.parse(file)
    const said = (part: 'title' | 'purpose') => inEveryLanguage(({ services }) => services[profile.id]?.[part] ?? '')
    return [profile.id, { ...profile, title: said('title'), purpose: said('purpose') }]
  }),
)

export const ProfileId = z.enum([...profiles.keys()].sort() as [string, ...string[]])
