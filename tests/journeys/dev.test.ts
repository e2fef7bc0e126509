import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { embeddedFolder } from '../support/migrated.ts'
import { freePort } from '../support/postgres-server.ts'
import { type Folder, type Running, run, scratchFolder } from '../support/process.ts'

// It builds the service three times and starts it twice.
vi.setConfig({ testTimeout: 300_000 })

const folders: Folder[] = []
let dev: Running | undefined
afterEach(async () => {
  await dev?.kill('SIGTERM')
  for (const folder of folders) folder.remove()
})

it('npm run dev starts the service again once a change is built, and leaves it alone while the source is wrong', async () => {
  const source = scratchFolder()
  const data = scratchFolder(await embeddedFolder())
  folders.push(source, data)
  for (const part of ['src', 'schema', 'policies', 'package.json', 'tsconfig.json', 'vite.config.ts'])
    cpSync(part, join(source.path, part), { recursive: true })
  symlinkSync(resolve('node_modules'), join(source.path, 'node_modules'))
  const settings = {
    DATA_DIR: data.path,
    PORT: String(await freePort()),
    DEMO_PORT: String(await freePort()),
    NODE_ENV: 'development',
    DEMO_NEIGHBOURS: '1',
  }
  const running = run([process.execPath, resolve('scripts/dev.ts')], settings, { within: source.path })
  dev = running
  const ended = running.exit.then((code) => {
    throw new Error(`it ended with ${code}: ${running.output()}`)
  })
  ended.catch(() => {})
  const says = (line: string) =>
    Promise.race([ended, expect.poll(running.output, { timeout: 200_000, interval: 50 }).toContain(line)])
  const lives = async () => (await fetch(`${running.address}/health/live`)).text()
  const main = join(source.path, 'src/main.ts')
  const right = readFileSync(main, 'utf8')

  await says('Padrón is ready at')
  expect(await lives()).toBe('alive')

  writeFileSync(main, `${right}\nconst = 1\n`)
  await says('The build failed')
  expect(await lives()).toBe('alive')
  expect(running.output()).not.toContain('Restarting')

  writeFileSync(main, right.replace('Padrón is ready at', 'Padrón is ready again at'))
  await says('Padrón is ready again at')
  expect(await lives()).toBe('alive')

  expect(await running.kill('SIGTERM')).toBe(0)
  await expect(lives()).rejects.toThrow()
})
