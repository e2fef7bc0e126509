#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { ConfigInvalid, readConfig } from '../config.ts'
import { startOn } from '../firewall/policy-record.ts'
import { demoToken } from '../identity/demo-token.ts'
import { readKeyFile } from '../keys/key-file.ts'
import { systemClock } from '../platform/clock.ts'
import { ensureSigningKey, rotateSigningKey, withdrawSigningKey } from '../proofs/signing-keys.ts'
import { changeTown, foundTown, TownFile, townCalled } from '../town/town-file.ts'
import { ProofInvalid, verifyProof } from '../verify/index.ts'
import { backupCommands } from './backup-commands.ts'
import { DEMO_OFFICE, DEMO_SLUG } from './demo-town.ts'
import { confirmationFor, destroyKeys, drillDestruction, QUORUM, SHARES, splitKey } from './destruction.ts'
import { epochCommands } from './epoch-commands.ts'
import { importCommand } from './import-command.ts'
import { createKeyFile, retireKey, rotateRegistryKey } from './keys.ts'
import { checkLedger, findingLine, serveWitness } from './ledger.ts'
import { askLockdown } from './lockdown.ts'
import { output } from './output.ts'
import { policyCommands } from './policy-commands.ts'
import { recordKeyOperation } from './record-keys.ts'
import { configuredPolicies, roomsOver } from './rooms.ts'
import { mustBeInvented, seedNeighbours } from './seed.ts'
import { configuredKeys, demoNote, migrateConfigured, readyEpochs, townOf, withOwner } from './stores.ts'

/** @throws when what was typed is no whole number from nought up, in ordinary digits */
function whole(typed: string): number {
  if (!/^\d{1,9}$/.test(typed)) throw new InvalidArgumentError('Give a whole number.')
  return Number(typed)
}

const program = new Command('padron')
  .description('A municipal residence registry that shares nothing with immigration enforcement.')
  .option('--json', 'answer with one JSON document, without progress bars')
const out = () => output(program.opts().json === true)

program
  .command('serve')
  .description('run the service; the same as npm start')
  .action(async () => {
    await import('../main.ts')
  })

program
  .command('migrate')
  .description('bring the database to the newest schema (DATABASE_OWNER_URL, or the embedded database)')
  .addOption(new Option('--partitions <number>', 'divide each table by town, in an empty database').argParser(whole))
  .action(async ({ partitions }: { partitions?: number }) => {
    const applied = await migrateConfigured(readConfig(), { partitions })
    out().result(
      { applied },
      applied.length === 0 ? ['Nothing to do: the schema is the newest.'] : applied.map((name) => `Applied ${name}`),
    )
  })

program
  .command('seed')
  .description('register invented neighbours in the demonstration town')
  .addOption(new Option('--count <number>', 'how many').default(200).argParser(whole))
  .action(async ({ count }: { count: number }) => {
    const config = readConfig()
    if (!config.demo)
      throw new ConfigInvalid(
        'Invented neighbours belong in a demonstration: say DEMO=true, or use the embedded database.',
      )
    const { result, progress } = out()
    await withOwner(config, async (owner) => {
      const rooms = await roomsOver(owner, config)
      await mustBeInvented(owner)
      progress.begin('neighbours', count)
      await seedNeighbours(rooms, await townOf(owner, DEMO_SLUG), {
        officeId: DEMO_OFFICE,
        count,
        progress: progress.at,
      })
      progress.end()
    })
    result({ neighbours: count }, [`${count} invented neighbours are registered.`])
  })

program
  .command('lockdown')
  .description('close the registry to all but neighbours and registrations, or open it again; each legal officer votes')
  .addArgument(new Argument('<what>', 'status, close or open').choices(['status', 'close', 'open']))
  .requiredOption('--address <origin>', 'where the service is, e.g. https://padron.example.org')
  .addOption(new Option('--token <token>', 'access token of a legal officer; read from standard input when left out'))
  .action(async (what: string, options: { address: string; token?: string }) => {
    const token = (options.token ?? (await text(process.stdin))).trim()
    const state = await askLockdown(options.address, token, what)
    out().result({ ...state }, [
      state.closed
        ? 'The registry is CLOSED: it answers only neighbours about themselves, and registers.'
        : 'The registry is open.',
      `Votes to ${state.closed ? 'open' : 'close'} it: ${state.votes} of ${state.needed}.`,
    ])
  })

importCommand(program, out)

program
  .command('token')
  .description('print an access token of the running demonstration')
  .argument('<client>', 'clerk, second-clerk, supervisor, legal, auditor, or a client such as library or border-agency')
  .action(async (client: string) => {
    const config = readConfig()
    const note = demoNote(config)
    if (!config.demo || !existsSync(note))
      throw new ConfigInvalid('No demonstration runs here. Start one with: npm start')
    const { issuer, audience } = JSON.parse(readFileSync(note, 'utf8'))
    const token = await demoToken(issuer, { audience, clientId: client })
    out().result({ token }, [token])
  })

program
  .command('verify')
  .description('check a proof of residence')
  .argument('[token]', 'the proof; read from standard input when left out')
  .requiredOption('--issuer <origin>', 'the municipality, e.g. https://padron.example.org')
  .option('--service <profile>', 'the service it is checked for')
  .action(async (token: string | undefined, options: { issuer: string; service?: string }) => {
    const { result } = out()
    try {
      const proof = await verifyProof((token ?? (await text(process.stdin))).trim(), options)
      result({ valid: true, ...proof }, [
        'VALID',
        ...Object.entries(proof.claims).map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
      ])
    } catch (error) {
      if (!(error instanceof ProofInvalid)) throw error
      result({ valid: false, code: error.code }, [`NOT VALID: ${error.code}`])
      process.exitCode = 1
    }
  })

const municipality = program.command('municipality').description('the municipalities of this installation')
municipality
  .command('add')
  .description('add a municipality, its organisations and its first signing key')
  .argument('<file>', 'JSON; docs/operations.md describes it')
  .action(async (file: string) => {
    const config = readConfig()
    const described = townIn(file)
    // Before anything is written: a town without keys is none.
    const keys = configuredKeys(config)
    await withOwner(config, async (owner) => {
      await readyEpochs(config, owner, keys)
      const existed = (await townCalled(owner, described.slug)) !== undefined
      const town = await foundTown(owner, described)
      await ensureSigningKey({ database: owner, clock: systemClock, keys }, town.id)
      // It agrees to these rules with its founding, and not to whatever another release starts with.
      const policies = await configuredPolicies()
      await startOn(await roomsOver(owner, config, { keys, policies }), town.id, policies)
      out().result({ id: town.id, slug: town.slug, added: !existed }, [
        existed
          ? `${town.slug} is there already: nothing was changed. To change it: padron municipality update`
          : `${town.slug} is ready.`,
      ])
    })
  })
municipality
  .command('update')
  .description('make the settings of a municipality what a file says; organisations are changed by two officers')
  .argument('<file>', 'JSON; docs/operations.md describes it')
  .action(async (file: string) => {
    const described = townIn(file)
    await withOwner(readConfig(), async (owner) => {
      const changed = await changeTown(owner, described)
      if (changed === undefined)
        throw new ConfigInvalid(`There is no municipality ${described.slug} here. To add it: padron municipality add`)
      out().result({ slug: described.slug, changed }, [
        changed.length === 0 ? 'Nothing to do: it is so already.' : `Changed: ${changed.join(', ')}`,
      ])
    })
  })

/** @throws {ConfigInvalid} naming each fault */
function townIn(file: string): TownFile {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new ConfigInvalid(`${file} cannot be read, or is not JSON.`)
  }
  const parsed = TownFile.safeParse(content)
  if (parsed.success) return parsed.data
  throw new ConfigInvalid(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'))
}

const keys = program.command('keys').description('the keys of the registry')
keys
  .command('create')
  .description('make the first registry key file (REGISTRY_KEY_FILE) and the epoch keys (EPOCH_KEY_FILE)')
  .action(() => {
    const made = createKeyFile(readConfig())
    out().result(made, [
      `Made ${made.file}. Keep a copy where neither the database nor its backups are: without it nothing opens.`,
      `Made ${made.epochs}. It changes by itself. The service makes copies for whoever keeps the backups: make their key next (padron keys keeper).`,
    ])
  })
keys
  .command('list')
  .description('name the registry keys in the key file')
  .action(() => {
    const { current, keys: all } = readKeyFile(readConfig().registryKeyFile)
    out().result(
      { current, keys: Object.keys(all) },
      Object.keys(all).map((id) => (id === current ? `${id} (current)` : id)),
    )
  })
keys
  .command('rotate')
  .description('add a registry key and rewrap every data key; may be stopped and run again')
  .action(async () => {
    const { result, progress } = out()
    const rotated = await rotateRegistryKey(readConfig(), progress)
    result(rotated, [
      `${rotated.rewrapped} data keys are wrapped by ${rotated.current}. The key before it can be removed: padron keys retire`,
    ])
  })
keys
  .command('retire')
  .description('remove a registry key that wraps nothing any more')
  .argument('<key>')
  .action(async (key: string) => {
    const left = await retireKey(readConfig(), key)
    out().result({ retired: key, current: left.current }, [`${key} is gone from the key file.`])
  })
epochCommands(keys, out)
keys
  .command('split')
  .description(`write ${SHARES} shares of the registry key; ${QUORUM} of them can destroy it`)
  .argument('<folder>', 'where the shares are written, to be taken apart from there')
  .action(async (folder: string) => {
    const { key, files } = await splitKey(readConfig(), folder)
    out().result({ key, files }, [
      `${files.length} shares of ${key} are in ${folder}. Give each to another person; ${QUORUM} together are the key.`,
    ])
  })
keys
  .command('destroy')
  .description('destroy the registry keys: nothing sealed until now opens again, for anyone')
  .requiredOption('--share <file...>', `at least ${QUORUM} shares`)
  .option('--drill', 'go through it on a copy of the key file; nothing is changed')
  .action(async (options: { share: string[]; drill?: boolean }) => {
    const config = readConfig()
    if (options.drill) {
      const drill = await drillDestruction(config, options.share)
      const works = drill.opened > 0 && drill.openedAfter === 0
      if (!works) process.exitCode = 1
      out().result({ works, ...drill }, [
        `${drill.opened} data keys open now; ${drill.openedAfter} of them opened once the copy was destroyed. Nothing was changed.`,
      ])
      return
    }
    const { current } = readKeyFile(config.registryKeyFile)
    process.stderr.write(
      `This makes every record of every town here unreadable for ever, for everyone.\nTo go on, type: ${confirmationFor(current)}\n`,
    )
    const destroyed = await destroyKeys(config, options.share, await text(process.stdin))
    out().result({ destroyed }, [`${destroyed} is destroyed. Destroy every copy of the key file and the shares too.`])
  })
keys
  .command('rotate-signing')
  .description('make a new signing key; it signs in an hour, when verifiers know it')
  .argument('<municipality>', 'its short name')
  .addOption(new Option('--algorithm <name>').choices(['ES256', 'EdDSA']).default('ES256'))
  .action(async (slug: string, options: { algorithm: 'ES256' | 'EdDSA' }) => {
    const config = readConfig()
    await withOwner(config, async (owner) => {
      const town = await townOf(owner, slug)
      const deps = { database: owner, clock: systemClock, keys: configuredKeys(config) }
      const kid = await rotateSigningKey(deps, town.id, { algorithm: options.algorithm })
      await recordKeyOperation(config, { owner, action: 'signing-key-made', occasion: { kid } })
      out().result({ kid }, [`${kid} is published now and signs in an hour.`])
    })
  })
keys
  .command('renew-seal')
  .description('make a new seal for papers and for requests to wallets, in the place of the one in force')
  .argument('<municipality>', 'its short name')
  .action(async (slug: string) => {
    const config = readConfig()
    await withOwner(config, async (owner) => {
      const town = await townOf(owner, slug)
      const { renewSeal } = await import('../proofs/paper/document-seal.ts')
      const until = await renewSeal({ database: owner, clock: systemClock, keys: configuredKeys(config) }, town)
      await recordKeyOperation(config, { owner, action: 'seal-renewed', occasion: { municipality: slug } })
      out().result({ until }, [`The new seal holds until ${until.slice(0, 10)}.`])
    })
  })
keys
  .command('withdraw-signing')
  .description('withdraw a signing key at once: all it signed stops verifying')
  .argument('<municipality>', 'its short name')
  .argument('<kid>')
  .action(async (slug: string, kid: string) => {
    const config = readConfig()
    await withOwner(config, async (owner) => {
      const town = await townOf(owner, slug)
      const deps = { database: owner, clock: systemClock, keys: configuredKeys(config) }
      const withdrawn = await withdrawSigningKey(deps, town.id, kid)
      if (!withdrawn) throw new ConfigInvalid('There is no such key in force.')
      await recordKeyOperation(config, { owner, action: 'signing-key-withdrawn', occasion: { kid } })
      out().result({ kid }, [`${kid} is withdrawn.`])
    })
  })

backupCommands(program, out)

policyCommands(program, out)

const ledger = program.command('ledger').description('the log of everything the gate opened or refused')
ledger
  .command('verify')
  .description('rebuild the ledger from its rows, hold it against its checkpoints, and name what was changed')
  .argument('<municipality>', 'its short name')
  .option('--key <key>', 'the verifier key you hold, instead of the stored one')
  .option('--checkpoint <file...>', 'checkpoints you kept')
  .action(async (slug: string, options: { key?: string; checkpoint?: string[] }) => {
    const config = readConfig()
    const { result, progress } = out()
    await withOwner(config, async (owner) => {
      const town = await townOf(owner, slug)
      const report = await checkLedger(config, {
        owner,
        town,
        options: { ...(options.key ? { key: options.key } : {}), checkpoints: options.checkpoint ?? [] },
        progress,
      })
      const { entries, checkpoints, waiting, erased, findings } = report
      const checked = `${entries} entries held against ${checkpoints} checkpoints; ${waiting} wait for a place, ${erased} are erased.`
      result({ intact: findings.length === 0, ...report }, [
        ...findings.map(findingLine),
        findings.length === 0 ? `Intact: ${checked}` : `NOT INTACT: ${checked}`,
      ])
      if (findings.length > 0) process.exitCode = 1
    })
  })
ledger
  .command('witness')
  .description('watch ledgers and cosign what only grows (C2SP tlog-witness), on loopback')
  .requiredOption('--name <name>', 'the name it signs under, e.g. witness.example.org')
  .requiredOption('--log <key...>', 'verifier keys of the ledgers, from their /ledger/key')
  .option('--folder <folder>', 'where its key and its memory are', '.witness')
  .addOption(new Option('--port <number>').default(8090).argParser(whole))
  .action(async (options: { name: string; log: string[]; folder: string; port: number }) => {
    const { server, key, port } = await serveWitness({ ...options, logs: options.log })
    out().result({ key, port }, [`The witness listens at http://127.0.0.1:${port}`, `Its key: ${key}`])
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close())
  })

/** A key's name may begin with a dash, one in sixty-four does: after this command everything is a name, nothing an option. */
function withNames(words: readonly string[]): string[] {
  const at = words.indexOf('withdraw-signing')
  return at < 0 || words.includes('--') ? [...words] : [...words.slice(0, at + 1), '--', ...words.slice(at + 1)]
}

try {
  await program.parseAsync(withNames(process.argv))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : 'Something went wrong.'}\n`)
  process.exitCode = 1
}
