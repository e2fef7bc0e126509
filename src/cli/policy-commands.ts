import type { Command } from 'commander'
import type { output } from './output.ts'
import { configuredPolicies } from './rooms.ts'

/** `padron policies`: the rules, what they refuse and what they give. */
export function policyCommands(program: Command, out: () => ReturnType<typeof output>): void {
  const policies = program.command('policies').description('the firewall\u2019s rules')
  policies
    .command('check')
    .description('validate the policies and ask them everything they must refuse')
    .action(async () => {
      const { breachLine, findBreaches } = await import('../firewall/enumeration.ts')
      const engine = await configuredPolicies()
      const { asked, breaches } = findBreaches(engine)
      if (breaches.length > 0) process.exitCode = 1
      out().result({ valid: breaches.length === 0, asked, breaches, purposes: [...engine.purposes.keys()] }, [
        ...breaches.map(breachLine),
        breaches.length === 0
          ? `The policies are valid, every unconditional refusal is in place, and ${asked} requests that must be refused are.`
          : `NOT SAFE: ${breaches.length} of ${asked} requests that must be refused get through.`,
      ])
    })

  policies
    .command('table')
    .description('say what anyone can get by these rules')
    .action(async () => {
      const { grantsInWords } = await import('../firewall/grants-in-words.ts')
      const { table, digest } = (await configuredPolicies()).grants()
      out().result({ digest, table }, [grantsInWords(table), '', `Fingerprint: ${digest}`])
    })

  policies
    .command('diff <town>')
    .description('say what another town\u2019s published table allows that these rules do not, and the other way round')
    .action(async (town: string) => {
      const { differenceInWords } = await import('../firewall/grants-in-words.ts')
      const { readGrants } = await import('./read-grants.ts')
      const theirs = await readGrants(town)
      const { table } = (await configuredPolicies()).grants()
      out().result({ theirs }, [differenceInWords(table, theirs)])
    })

  policies
    .command('explain')
    .description('say every rule in a plain sentence')
    .action(async () => {
      const { rules, digest } = await configuredPolicies()
      const lines = rules.map(
        ({ effect, title, source, id }) =>
          `${effect === 'forbid' ? 'NEVER' : 'MAY  '}  ${title}\n       ${id}; ${source}`,
      )
      out().result({ digest, rules }, [...lines, '', `What no rule permits is refused. Policies in force: ${digest}`])
    })
}
