import { type EpochKeys, type EpochSet, epochKeys, newEpochs } from '../../src/keys/epochs.ts'

/** Epoch keys of a registry in which nothing is sealed yet. */
export function freshEpochs(set: EpochSet = newEpochs()): EpochKeys {
  return epochKeys(set)
}
