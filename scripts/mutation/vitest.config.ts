import { matchesGlob } from 'node:path'
import { defineConfig } from 'vitest/config'
import whole from '../../vitest.config.ts'

/**
 * The project's own configuration with two differences: only the tests that `scripts/mutate.ts` chose, each in one project, and
 * nothing shared between files. A mutant in what runs at import would otherwise stay in the memory of the worker.
 */
let left = (process.env.PADRON_MUTATION_TESTS ?? '').split(',').filter((file) => file !== '')

const projects = (whole.test?.projects ?? []).toReversed().flatMap((project) => {
  if (typeof project !== 'object' || !('test' in project) || project.test === undefined) return []
  const { include = [], exclude = [] } = project.test
  const mine = left.filter(
    (file) => include.some((one) => matchesGlob(file, one)) && !exclude.some((one) => matchesGlob(file, one)),
  )
  left = left.filter((file) => !mine.includes(file))
  return mine.length === 0 ? [] : [{ ...project, test: { ...project.test, include: mine, isolate: true } }]
})

export default defineConfig({ ...whole, test: { ...whole.test, projects, reporters: [] } })
