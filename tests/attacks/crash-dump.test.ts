import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { dumpsPossible } from '../../src/platform/dumps.ts'
import { embeddedFolder } from '../support/migrated.ts'
import { type Folder, type Running, run, scratchFolder, start } from '../support/process.ts'

let folder: Folder
let service: Running | undefined
afterEach(async () => {
  await service?.kill('SIGKILL')
  folder?.remove()
})

const limits = (soft: string) =>
  `Limit      Soft Limit    Hard Limit   Units\nMax core file size        ${soft}       unlimited   bytes\n`

describe('a dump of the memory of a running service', () => {
  it.each([
    ['--inspect=127.0.0.1:9229'],
    ['--inspect-brk'],
    ['--heapsnapshot-signal=SIGUSR2'],
    ['--heapsnapshot_near_heap_limit=1'],
    ['--report-on-fatalerror'],
    ['--abort-on-uncaught-exception'],
    ['--heap-prof'],
  ])('is not to be had by starting with %s', (option) => {
    expect(dumpsPossible([option], limits('0'))).toEqual([expect.stringContaining(option.split('=')[0] ?? '')])
  })

  it('is not left on a disk by a crash', () => {
    expect(dumpsPossible([], limits('unlimited'))).toEqual([expect.stringContaining('ulimit -c 0')])
    expect(dumpsPossible(['--enable-source-maps'], limits('0'))).toEqual([])
    expect(dumpsPossible([], undefined)).toEqual([])
  })

  it('is why production does not start with such an option', async () => {
    folder = scratchFolder()
    service = run(['sh', '-c', 'ulimit -c 0; exec node --heapsnapshot-signal=SIGUSR2 dist/main.js'], {
      NODE_ENV: 'production',
      DATA_DIR: folder.path,
      PORT: '0',
      DATABASE_URL: 'postgres://u:p@127.0.0.1:1/x',
      TOKEN_ISSUERS:
        '[{"issuer":"https://id.example","jwksUri":"https://id.example/jwks","towns":["vallmar"],"roles":["clerk"],"clients":true}]',
      TOKEN_AUDIENCE: 'urn:x',
      REGISTRY_KEYS: JSON.stringify({ current: 'k', keys: { k: Buffer.alloc(32, 1).toString('base64') } }),
    })
    expect(await service.exit).toBe(1)
    expect(service.output()).toContain('--heapsnapshot-signal: it would write or show what is in memory')
  })

  it('is not to be had from a service under npm start: no core files, and no debugger when it is signalled', async () => {
    folder = scratchFolder(await embeddedFolder())
    service = await start(folder, { COMMAND: 'npm start --ignore-scripts' })
    const { pid } = JSON.parse(readFileSync(join(folder.path, 'lock'), 'utf8')) as { pid: number }
    expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/^Max core file size +0 /m)
    process.kill(pid, 'SIGUSR1')
    // The debugger, had it started, would have said so before this answer.
    for (let i = 0; i < 20; i += 1) expect((await fetch(`${service.address}/health/live`)).status).toBe(200)
    expect(service.output()).not.toContain('Debugger')
    process.kill(pid, 'SIGTERM')
  })
})
