import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { createKeeper, recoverEpochs, turnEpochKeys } from './epochs.ts'
import type { output } from './output.ts'

/** `padron keys keeper`, `turn` and `recover`: epoch keys, and the copies of them. */
export function epochCommands(keys: Command, out: () => ReturnType<typeof output>): void {
  keys
    .command('keeper')
    .description('make the key pair of whoever keeps the backups')
    .argument('<file>', 'where the private key is written, to be taken off this machine')
    .action(async (file: string) => {
      const publicKey = await createKeeper(file)
      out().result({ file, publicKey: JSON.parse(publicKey) }, [
        `The private key is in ${file}: take it off this machine. Set BACKUP_KEEPER_KEY to:`,
        publicKey,
      ])
    })
  keys
    .command('turn')
    .description('end what erasures began, as every night does: destroy the epoch keys of those who were erased')
    .action(async () => {
      const { result, progress } = out()
      const turned = await turnEpochKeys(readConfig(), progress)
      result(turned, [
        `${turned.gone} epoch keys are destroyed; ${turned.rewrapped} data keys are wrapped by new ones.`,
      ])
    })
  keys
    .command('recover')
    .description('put the newest copy of the epoch keys where the lost file was (EPOCH_KEY_FILE)')
    .argument('<keeper>', 'the private key of whoever keeps the backups')
    .action(async (keeper: string) => {
      const recovered = await recoverEpochs(readConfig(), keeper)
      out().result(recovered, [`The epoch keys are at ${recovered.file} again.`])
    })
}
