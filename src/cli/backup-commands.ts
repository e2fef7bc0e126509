import { once } from 'node:events'
import { type Command, Option } from 'commander'
import { readConfig } from '../config.ts'
import { type BackupReport, makeBackup, openBackup, tryBackup } from './backup.ts'
import type { output } from './output.ts'
import { restoreDatabase } from './restore.ts'
import { configuredKeys } from './stores.ts'

/** `padron backup` and `padron restore`: copies of the database, and what is to be done when one takes its place. */
export function backupCommands(program: Command, out: () => ReturnType<typeof output>): void {
  const backup = program
    .command('backup')
    .description('sealed copies of the database, with PostgreSQL\u2019s own programs')
  const triedLines = (report: Omit<BackupReport, 'bytes'>) => [
    `Put back and tried: ${report.neighbours} neighbours, ${report.proofs} proofs, ${report.entries} entries; ${report.opened} of ${report.tried} keys opened.`,
    ...report.ledgers.map(({ slug, entries }) => `${slug}: ledger of ${entries} entries intact`),
  ]
  backup
    .command('make')
    .description('dump, seal, put back into a scratch database and try everything there')
    .argument('<file>')
    .action(async (file: string) => {
      const { result, progress } = out()
      const report = await makeBackup(readConfig(), file, progress)
      result({ ...report }, [`${file}: ${report.bytes} bytes, sealed under the registry key.`, ...triedLines(report)])
    })
  backup
    .command('verify')
    .description('put a backup back into a scratch database and try everything there')
    .argument('<file>')
    .option('--keeper <file>', 'the private key of whoever keeps the backups: epoch keys may be gone since')
    .action(async (file: string, { keeper }: { keeper?: string }) => {
      const { result, progress } = out()
      const report = await tryBackup(readConfig(), { file, keeperFile: keeper }, progress)
      result({ ...report }, triedLines(report))
    })
  backup
    .command('open')
    .description('write what is in a backup to standard output, for pg_restore; then run padron restore')
    .argument('<file>')
    .action(async (file: string) => {
      const keys = configuredKeys(readConfig())
      for await (const bytes of openBackup(file, keys))
        if (!process.stdout.write(bytes)) await once(process.stdout, 'drain')
    })

  program
    .command('restore')
    .description('repair a database that was put back to an earlier state; the service must not run')
    .addOption(
      new Option(
        '--proofs <what>',
        'reissue: all proofs end, and are issued again on request; lapse: those that are known go on until they run out',
      )
        .choices(['reissue', 'lapse'])
        .makeOptionMandatory(),
    )
    .option('--keeper <file>', 'the private key of whoever keeps the backups: needed where somebody was erased since')
    .option('--journal <folder...>', 'journals of other hosts', [])
    .option('--other-rules', 'the rules of this build are meant, though others were in force', false)
    .option('--leave-out', 'what cannot be done again is left to be done by hand', false)
    .option('--anyway', 'the database was put back though it does not look older', false)
    .action(
      async (options: {
        proofs: 'reissue' | 'lapse'
        journal: string[]
        otherRules: boolean
        anyway: boolean
        leaveOut: boolean
        keeper?: string
      }) => {
        const { result, progress } = out()
        const report = await restoreDatabase(readConfig(), { ...options, journals: options.journal }, progress)
        result({ ...report }, [
          `${report.doneAgain} acts of taking away are done again; ${report.unknown} were about rows this copy does not have.`,
          ...(report.broken > 0
            ? [`${report.broken} lines of the journals cannot be read: look at what was done on those days.`]
            : []),
          ...(report.closed > 0 ? [`${report.closed} data keys do not open: their rows were altered.`] : []),
          'Everybody is signed out. No place of an old status list is given again.',
          report.proofs === 'reissue'
            ? 'Every proof issued before is revoked: neighbours fetch new ones.'
            : 'Proofs that are known go on until they run out.',
          ...report.towns.map(
            ({ slug, ledger }) =>
              `${slug}: the ledger goes on as ${ledger}. Send its key (/ledger/key) to the witnesses.`,
          ),
          'Start the service. What happened is said on its pages and at /ledger/restores.',
        ])
      },
    )
}
