import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Folder, outputOf, type Running, scratchFolder, start } from '../support/process.ts'

let folder: Folder
let service: Running
beforeAll(async () => {
  folder = scratchFolder()
  service = await start(folder)
})
afterAll(async () => {
  await service?.kill('SIGTERM')
  folder?.remove()
})

const readme = readFileSync('README.md', 'utf8')

describe('the README', () => {
  it('has a tour whose commands run as written', async () => {
    const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? '')
    expect(blocks.length).toBe(4)
    const script = blocks
      .map((block, i) => `echo "=== ${i}"\n${block}\necho`)
      .join('\n')
      .replace('http://127.0.0.1:8080', service.address)
    const path = join(folder.path, 'tour.sh')
    writeFileSync(path, `set -e\n${script}`)
    const output = await outputOf(['bash', path], service.environment)
    const [, , refused, verified, asked] = output.split(/=== \d\n/)
    expect(JSON.parse(refused ?? '')).toMatchObject({ status: 422, errors: [{ pointer: '/nationality' }] })
    expect(verified).toMatch(/^VALID\n/)
    const [allowed, denied] = (asked ?? '').trim().replaceAll('}{', '}\n{').split('\n')
    expect(JSON.parse(allowed ?? '')).toMatchObject({ resident: true })
    expect(JSON.parse(denied ?? '')).toMatchObject({ code: 'refused' })
  })

  it('is short enough to be read', () => {
    expect(readme.split(/\s+/).length).toBeLessThanOrEqual(600)
    for (const [, path] of readme.matchAll(/\]\(([\w./-]+)\)/g)) expect(existsSync(path ?? ''), path).toBe(true)
  })
})

describe('the documents beside it', () => {
  it('list every variable the configuration reads, and no other', () => {
    const read = [...readFileSync('src/config.ts', 'utf8').matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, name]) => name)
    const table = readFileSync('docs/configuration.md', 'utf8')
    const listed = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) =>
      [...(cell ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name),
    )
    expect([...new Set(listed)].sort()).toEqual([...new Set(read)].sort())
  })

  it('give a reason for every dependency', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
    const section = readFileSync('docs/dependencies.md', 'utf8')
    for (const name of Object.keys(dependencies)) expect(section).toContain(name)
    for (const name of Object.keys(devDependencies).filter((one) => !one.startsWith('@types/')))
      expect(section.toLowerCase()).toContain(name.replace('@biomejs/', ''))
  })
})
