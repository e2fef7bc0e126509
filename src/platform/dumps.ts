import { readFileSync } from 'node:fs'

/** Options of Node that write out, or open up, the memory of a process, where what a clerk has on screen lies open. */
const REVEALING =
  /^--(inspect|heapsnapshot|heap-prof|report|experimental-report|abort-on-uncaught-exception|trace-sigint|debug)/

/**
 * Why a dump of this process's memory could come to lie on a disk, in words for whoever starts it; none when it cannot.
 *
 * @param options of Node, from the command line and from `NODE_OPTIONS`
 * @param limits what Linux says in `/proc/self/limits`; `undefined` elsewhere
 * @see core(5), proc(5)
 */
export function dumpsPossible(options: readonly string[], limits: string | undefined): string[] {
  const reasons = options
    .filter((option) => REVEALING.test(option.replaceAll('_', '-')))
    .map((option) => `${option.split('=')[0]}: it would write or show what is in memory; start without it.`)
  const [, soft = '0'] = /^Max core file size\s+(\S+)/m.exec(limits ?? '') ?? []
  if (soft !== '0')
    reasons.push(
      'A crash would leave a core file with what is in memory. Start with: ulimit -c 0 (a container: --ulimit core=0)',
    )
  return reasons
}

/**
 * The same of the process that asks.
 *
 * @param nodeOptions what Node took from the environment
 */
export function ownDumpsPossible(nodeOptions: readonly string[]): string[] {
  return dumpsPossible([...process.execArgv, ...nodeOptions], limitsHere())
}

function limitsHere(): string | undefined {
  try {
    return readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return undefined
  }
}
