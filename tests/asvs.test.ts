import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

// What the documents say that the code is held against: each requirement once, each with what shows it.

const text = readFileSync('docs/asvs.md', 'utf8')
const STATES = ['met', 'partly', 'not met', 'not for us']
const rows = text
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter((cells) => /^\d+\.\d+\.\d+/.test(cells[1] ?? '') && cells.length >= 7)
  .map(([, numbers = '', , , state = '', why = '', shown = '']) => ({
    numbers: numbers.split(', '),
    state,
    why,
    shown,
  }))

describe('the table of ASVS', () => {
  it('has each requirement once, with a state, and a reason where it is not met', () => {
    const all = rows.flatMap(({ numbers }) => numbers)
    expect(all.length).toBeGreaterThan(250)
    expect(new Set(all).size).toBe(all.length)
    for (const { numbers, state, why } of rows) {
      expect(STATES, numbers.join()).toContain(state)
      if (state !== 'met') expect(why.length, numbers.join()).toBeGreaterThan(3)
    }
  })

  it('shows what is met by files that are there', () => {
    for (const { numbers, state, shown } of rows) {
      const files = [...shown.matchAll(/`((?:src|tests|docs|schema|policies)\/[\w\-/.]+)`/g)].map(
        ([, file = '']) => file,
      )
      if (state === 'met') expect(shown.length, numbers.join()).toBeGreaterThan(3)
      for (const file of files) expect(existsSync(file), `${numbers}: ${file}`).toBe(true)
    }
  })

  it('counts them as it says', () => {
    const counted = STATES.map((state) =>
      rows.filter((row) => row.state === state).reduce((sum, { numbers }) => sum + numbers.length, 0),
    )
    const [, ...said] = /^\| together +\| +(\d+) \| +(\d+) \| +(\d+) \| +(\d+) \|/m.exec(text) ?? []
    expect(said.map(Number)).toEqual(counted)
  })
})
