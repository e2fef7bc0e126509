import { describe, expect, it } from 'vitest'
import { outputOf } from '../support/process.ts'

interface Proof {
  rules: number
  /** That the rules let anything through at all. */
  something: boolean
  proved: { why: string; reachable: boolean; without: boolean }[]
}

describe('what must never be answered', () => {
  it('is proved of all questions there can be, and not without the rule that keeps it so', async () => {
    const { rules, something, proved }: Proof = JSON.parse(await outputOf(['node', 'tests/firewall/prove.ts'], {}))
    expect(rules).toBeGreaterThan(20)
    expect(something).toBe(true)
    expect(proved.length).toBeGreaterThan(15)
    for (const { why, reachable, without } of proved) {
      expect(reachable, why).toBe(false)
      // A proof that holds whatever the rules are is none.
      expect(without, why).toBe(true)
    }
  }, 300_000)
})
