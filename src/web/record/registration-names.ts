import type { DistinctBecause, TakenDown } from '../../registry/model.ts'
import type { Texts } from '../ui/language.ts'

/** Candidates beside what was typed, before anything is saved. */
/** Why somebody very like a neighbour is another person. */
export const becauseNames = (t: Texts): Record<DistinctBecause, string> => ({
  'seen-both': t.dSeenBoth,
  'another-birth-date': t.dBornElse,
  relatives: t.dRelatives,
  'they-say-so': t.dTheySay,
})

/** How a registration was taken down. */
export const takenNames = (t: Texts): Record<TakenDown, string> => ({
  telephone: t.dHowTelephone,
  visit: t.dHowVisit,
  helper: t.dHowHelper,
})

/** What an adult can be to somebody they act for. */
export const representationKinds = (t: Texts) =>
  [
    ['parent', t.dActsParent],
    ['guardian', t.dActsGuardian],
    ['carer', t.dActsCarer],
  ] as const
