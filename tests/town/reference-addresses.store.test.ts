import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { nearestReference } from '../../src/town/reference-addresses.ts'
import { LOCALES } from '../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { inventedWord, openRecord, register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

describe('where the post of somebody without a fixed address is kept', () => {
  const at = (usualArea: string | undefined) => nearestReference(app.town, usualArea).name

  it('is the place nearest to where they usually are, in whatever words they say it', () => {
    expect(at('by the harbour, under the bridge')).toBe('Casal del Port')
    expect(at('A LA PLATJA')).toBe('Casal del Port')
    expect(at('prop de l’estacio')).toBe('Menjador de l’Estació')
    expect(at('99003')).toBe('Menjador de l’Estació')
  })

  it('is the one for everybody where no word helps', () => {
    for (const area of [undefined, '', 'somewhere', 'airport', 'importada'])
      expect(at(area)).toBe('Oficina de Drets Socials')
  })

  it('is where two words are better than one', () => {
    expect(at('market by the station, sometimes the harbour')).toBe('Menjador de l’Estació')
  })

  it('is kept with the record, without the words it was found by; a place that was named stays', async () => {
    const address = { kind: 'no-fixed-address', usualArea: 'Platja' } as const
    const { id } = await register(app, { address })
    const { body } = await openRecord(app, id)
    expect(body.address).toMatchObject({ referenceAddress: { name: 'Casal del Port', postcode: '99002' } })
    expect(JSON.stringify(body)).not.toContain('"near"')
    const named = await register(app, { address: { ...address, referenceAddress: { name: 'House of Bread' } } })
    expect((await openRecord(app, named.id)).body.address).toMatchObject({
      referenceAddress: { name: 'House of Bread' },
    })
  })

  it('is chosen at the desk among all of them, or left to the nearest', async () => {
    const clerk = await signedIn(app, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
    const page = await (await clerk.open('/desk/register')).text()
    for (const name of [
      'Oficina de Drets Socials',
      'Casal del Port',
      'Menjador de l’Estació',
      LOCALES.en['address.nearest'],
    ])
      expect(page).toContain(name)
    let person = 70_000
    const post = async (kept: string) => {
      person += 1
      const form = {
        act: 'register',
        once: randomUUID(),
        p0_given: inventedWord(person),
        where: 'no-fixed-address',
        usual: 'Platja',
        keptAt: kept,
      }
      const { headers } = await clerk.send('/desk/register', form, '/desk/register')
      const id = /neighbours\/([^?]+)/.exec(headers.get('location') ?? '')?.[1] ?? ''
      return (await openRecord(app, id)).body.address
    }
    expect(await post('')).toMatchObject({ referenceAddress: { name: 'Casal del Port' } })
    expect(await post('0')).toMatchObject({ referenceAddress: { name: 'Oficina de Drets Socials' } })
    expect(await post('2')).toMatchObject({ referenceAddress: { name: 'Menjador de l’Estació' } })
    expect(await post('9')).toMatchObject({ referenceAddress: { name: 'Casal del Port' } })
  })
})
