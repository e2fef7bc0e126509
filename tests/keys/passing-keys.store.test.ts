import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { wrappedKey } from '../../src/keys/municipality-keys.ts'
import { forgetPassingKeys } from '../../src/keys/passing-keys.ts'
import { unwrapDataKey } from '../../src/keys/seal.ts'
import { turnEpochs } from '../../src/keys/turning.ts'
import { inMunicipality } from '../../src/platform/database.ts'
import { draftsOf, dropDraft, keepDraft } from '../../src/registry/register/keep-draft.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { shownTo } from '../support/shown.ts'

// A form that is not finished is as personal as a record. What was typed into it is gone for good some time after it was dropped.

const folder = mkdtempSync(join(tmpdir(), 'padron-passing-'))
const file = join(folder, 'epoch-keys')
const clerk = { kind: 'staff', id: 'clerk', role: 'clerk', organisationId: DEMO_OFFICE } as const
let app: TestApp
beforeAll(async () => {
  app = await openApp({ epochFile: file })
})
afterAll(async () => {
  await app?.close()
  rmSync(folder, { recursive: true, force: true })
})

const keep = async (name: string, id?: string) =>
  (
    await shownTo(
      keepDraft(app.rooms, { town: app.town, by: clerk }, { id, draft: { kept: { given: name }, held: [] } }),
    )
  ).id
const drafts = async () =>
  (await shownTo(draftsOf(app.rooms, { town: app.town, by: clerk }))).map(({ typed }) => typed.given)
const keys = () =>
  app.peek<Parameters<typeof wrappedKey>[0]>("select * from data_keys where owner = 'passing' order by id")
const forget = () =>
  inMunicipality(app.database, app.town.id, (transaction) =>
    forgetPassingKeys(transaction, { municipalityId: app.town.id, now: app.clock.now() }),
  )

it('a draft is sealed by a key of the week, which is destroyed once nothing is sealed by it, and with its epoch its copies', async () => {
  const first = await keep('Ahmed')
  const second = await keep('Binta')
  const [week, ...others] = await keys()
  expect(others).toEqual([])
  expect((await drafts()).sort()).toEqual(['Ahmed', 'Binta'])
  // Nobody's own key, and not the town's.
  expect(
    await app.peek("select from drafts join data_keys held on held.id = data_key_id where owner <> 'passing'"),
  ).toEqual([])

  app.clock.advance({ hours: 24 * 8 })
  await forget()
  // Somebody is sealed by it still.
  expect(await keys()).toHaveLength(1)
  await dropDraft(app.rooms, { town: app.town, by: clerk }, first)
  // What is written on goes over to the key of its week.
  expect(await keep('Binta again', second)).toBe(second)
  expect(await keys()).toHaveLength(2)
  expect(await drafts()).toEqual(['Binta again'])
  await forget()
  expect((await keys()).map(({ id }) => id)).not.toContain(week?.id)
  expect(week && unwrapDataKey(app.keys, wrappedKey(week)).id).toBe(week?.id)

  const turned = await turnEpochs(
    { database: app.database, keys: app.keys, file, copies: undefined },
    { patience: 5_000, grace: 0 },
  )
  expect(turned).toMatchObject({ gone: 1, waits: undefined })
  // Whoever kept a copy of the row opens it with nothing that is here.
  expect(() => week && unwrapDataKey(app.keys, wrappedKey(week))).toThrow()
  expect(await drafts()).toEqual(['Binta again'])
})

it('a key of the week that does not open keeps nobody from the next form', async () => {
  await app.peek(
    "update data_keys set wrapped = overlay(wrapped placing '\\x00000000' from 40) where owner = 'passing' returning 1",
  )
  expect(await drafts()).toEqual([undefined])
  const id = await keep('Chen')
  expect(await drafts()).toContain('Chen')
  await dropDraft(app.rooms, { town: app.town, by: clerk }, id)
})
