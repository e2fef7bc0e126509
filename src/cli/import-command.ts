import { type Command, Option } from 'commander'
import { ConfigInvalid, readConfig } from '../config.ts'
import { systemClock } from '../platform/clock.ts'
import { lifeRules } from '../registry/person/dates/life-dates.ts'
import { checkImport, type ImportReport, importFile, readMapping } from './import.ts'
import { ineLayout } from './ine-layout.ts'
import type { output } from './output.ts'
import { roomsOver } from './rooms.ts'
import { townOf, withOwner } from './stores.ts'

/** `padron import`: a legacy register, checked whole before anything is written. */
export function importCommand(program: Command, out: () => ReturnType<typeof output>): void {
  program
    .command('import')
    .description('bring in a legacy register, household by household')
    .argument('<file>', 'a CSV file with a line of headings, or one whose fields stand at fixed places')
    .addOption(
      new Option('--mapping <file>', 'JSON: which column is what; docs/desk.md describes it').conflicts('layout'),
    )
    .addOption(
      new Option('--layout <name>', 'a published layout: ine, of the exchanges of Spanish town halls').choices(['ine']),
    )
    .requiredOption('--town <slug>', 'the municipality')
    .requiredOption('--office <id>', 'the office in whose name it is done')
    .option('--check', 'read and report, and write nothing')
    .option('--confirm-ages', 'people in it are known to be more than 130 years old')
    .option('--skip-bad', 'import the good households and leave those with a bad row out')
    .option(
      '--confirmed-plain',
      'what sounds as if it were about papers has been looked at, and is about something else',
    )
    .action(
      async (
        file: string,
        options: {
          mapping?: string
          layout?: 'ine'
          town: string
          office: string
          check?: true
          confirmAges?: true
          skipBad?: true
          confirmedPlain?: true
        },
      ) => {
        const { result, progress } = out()
        if (!options.mapping && !options.layout) throw new ConfigInvalid('Say how to read it: --mapping or --layout.')
        const layout = options.mapping ? readMapping(options.mapping) : ineLayout
        const mapping = options.confirmAges ? { ...layout, confirmedAges: true } : layout
        const mayWrite = ({ bad }: ImportReport) => bad.length === 0 || options.skipBad === true
        const bring = async (): Promise<ImportReport> => {
          const config = readConfig()
          return withOwner(config, async (owner) => {
            const town = await townOf(owner, options.town)
            const report = await checkImport(file, mapping, {
              confirmed: options.confirmedPlain,
              rules: lifeRules(systemClock, town),
            })
            if (!mayWrite(report)) return report
            const rooms = await roomsOver(owner, config)
            progress.begin('rows', report.rows)
            const done = await importFile(rooms, town, {
              officeId: options.office,
              file,
              mapping,
              report,
              progress,
              confirmed: options.confirmedPlain,
            })
            progress.end()
            return done
          })
        }
        const report = options.check
          ? await checkImport(file, mapping, { confirmed: options.confirmedPlain })
          : await bring()
        const refused = options.check || !mayWrite(report)
        result({ ...report }, [
          ...report.dropped.map(
            ({ column, why }) =>
              `Column ${column}: dropped (${why === 'forbidden' ? 'it has no place here' : 'not mapped'})`,
          ),
          ...(report.departed > 0 ? [`${report.departed} rows of people who left: not read`] : []),
          ...report.bad.map(({ line, why }) => `Line ${line}: ${why}`),
          ...report.known.map(
            ({ line }) => `Line ${line}: somebody of this household is registered already, by document`,
          ),
          `${report.rows} rows in ${report.households} households; ${report.imported} imported, ${report.alreadyImported} were there already, ${report.bad.length} rows bad.`,
          ...(refused && report.bad.length > 0 ? ['Nothing was written. Mend the rows, or add --skip-bad.'] : []),
        ])
        if (report.bad.length > 0) process.exitCode = 1
      },
    )
}
