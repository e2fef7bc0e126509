import type { DistinctBecause, TakenDown } from '../../registry/model.ts'
import type { Texts } from '../ui/language.ts'

/** Why somebody very like a neighbour is another person. */
export const becauseNames = (t: Texts): Record<DistinctBecause, string> => ({
  'seen-both': t['register.seenBoth'],
  'another-birth-date': t['register.bornElse'],
  relatives: t['register.relatives'],
  'they-say-so': t['register.theySay'],
})

/** How a registration was taken down. */
export const takenNames = (t: Texts): Record<TakenDown, string> => ({
  telephone: t['taken.howTelephone'],
  visit: t['taken.howVisit'],
  helper: t['taken.howHelper'],
})

/** What an adult can be to somebody they act for. */
export const representationKinds = (t: Texts) =>
  [
    ['parent', t['representatives.actsParent']],
    ['guardian', t['representatives.actsGuardian']],
    ['carer', t['representatives.actsCarer']],
  ] as const
