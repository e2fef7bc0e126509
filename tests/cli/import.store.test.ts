import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { checkImport, importFile, readMapping } from '../../src/cli/import.ts'
import type { Mapping } from '../../src/cli/import-mapping.ts'
import { INE_LENGTH, ineLayout } from '../../src/cli/ine-layout.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { inventedWord } from '../support/people.ts'

let app: TestApp
let folder: string
beforeAll(async () => {
  app = await openApp()
  folder = mkdtempSync(join(tmpdir(), 'padron-import-'))
})
afterAll(async () => {
  await app?.close()
  rmSync(folder, { recursive: true, force: true })
})

const MAPPING = {
  delimiter: ';',
  household: 'HOJA',
  given: 'NOMBRE',
  family: ['AP1', 'AP2'],
  birthDate: { column: 'FNAC', format: 'yyyymmdd' },
  sex: { column: 'SEXO', values: { '1': 'male', '6': 'female' } },
  document: ['TIPO', 'NUM'],
  since: { column: 'FALTA', format: 'yyyymmdd' },
  address: { streetType: 'TVIA', streetName: 'NVIA', number: 'NUMER', district: 'DIST' },
  noFixedAddress: { column: 'TVIV', values: ['SF'] },
}
const HEAD = 'HOJA;NOMBRE;AP1;AP2;FNAC;SEXO;TIPO;NUM;FALTA;TVIA;NVIA;NUMER;DIST;TVIV;NACIONALIDAD;OBSERVACIONES'
let files = 0
function file(rows: string[], mapping: object = MAPPING): { csv: string; mapping: Mapping } {
  files += 1
  const csv = join(folder, `${files}.csv`)
  const map = join(folder, `${files}.json`)
  writeFileSync(csv, `\ufeff${[HEAD, ...rows].join('\n')}\n`)
  writeFileSync(map, JSON.stringify(mapping))
  return { csv, mapping: readMapping(map) }
}
const silent = { begin: () => {}, at: () => {}, end: () => {} }
const [STREET, KIND] = [10, 13]
/** Whoever has no street in a test about something else has no fixed address. */
const somewhere = (row: string) => {
  const fields = row.split(';')
  if (fields[STREET] === '' && fields[KIND] === '') fields[KIND] = 'SF'
  return fields.join(';')
}
async function bring(rows: string[]) {
  const { csv, mapping } = file(rows.map(somewhere))
  const report = await checkImport(csv, mapping)
  return {
    csv,
    mapping,
    report,
    go: () =>
      importFile(app.rooms, app.town, {
        officeId: DEMO_OFFICE,
        file: csv,
        mapping,
        report: structuredClone(report),
        progress: silent,
      }),
  }
}
const count = async () => Number((await app.peek<{ n: string }>('select count(*) as n from neighbours'))[0]?.n)

describe('a legacy register', () => {
  it('comes in household by household, sealed, and can be found', async () => {
    const before = await count()
    const { go, report } = await bring([
      'H1;Montserrat;Importada;Vidal;19700301;6;N;111111;20100101;CL;de la Font;7;02;;108;x',
      'H1;Oriol;Importada;Pons;20050000;1;;;20100101;CL;de la Font;7;02;;108;',
      'H2;Wayan;;;;;;;;;;;;SF;999;',
    ])
    expect(report).toMatchObject({ rows: 3, households: 2, bad: [] })
    expect(report.dropped).toEqual([
      { column: 'NACIONALIDAD', why: 'forbidden' },
      { column: 'OBSERVACIONES', why: 'not-mapped' },
    ])
    expect(await go()).toMatchObject({ imported: 3, known: [] })
    expect(await count()).toBe(before + 3)
    const { body } = await app.ask<{ matches: { id: string }[] }>('POST', '/v1/neighbours/search', {
      as: 'clerk',
      purpose: 'counter-service',
      body: { name: 'Oriol Importada', dateOfBirth: '2005' },
    })
    const record = await app.ask<{
      household: { size: number }
      residence: { residentSince: string }
      address: object
    }>('GET', `/v1/neighbours/${body.matches[0]?.id}`, { as: 'clerk', purpose: 'counter-service' })
    expect(record.body).toMatchObject({
      household: { size: 2 },
      residence: { residentSince: '2010-01-01' },
      address: { kind: 'dwelling', streetName: 'de la Font', number: '7', territory: { district: '02' } },
    })
  })

  it('is checked whole before anything is written: each bad row is named by line and column, never by what it says', async () => {
    const { report } = await bring([
      'H10;;;;19700301;;;;;;;;;;;',
      'H11;Ona;Falsa;;1970-03-01;;;;;;;;;;;',
      'H12;Ona;Falsa;;19700301;7;;;;;;;;;;',
      'H13;Ona;Falsa;;19700301;;;;20101;;;;;;;',
      'H14;Primera;Repetida;;;;N;222222;;;;;;;;',
      'H15;Segona;Repetida;;;;N;222222;;;;;;;;',
      'H16;Ona;Bona;;19700301;;;;;;;;;;;',
      'H10;Torna;Aqui;;;;;;;;;;;;;',
    ])
    expect(report.bad.map(({ line }) => line)).toEqual([2, 3, 4, 5, 7, 9])
    const said = JSON.stringify(report.bad)
    for (const secret of ['Falsa', '222222', '1970', 'Repetida']) expect(said).not.toContain(secret)
  })

  it('has no dates that cannot be true: the row and the column are named, also where nothing is to be written', async () => {
    const row = (born: string, since: string) => `;Nuria;Datada;;${born};6;;;${since};CL;de la Font;7;02;;;`
    const { report } = await bring([
      row('19700301', '00240101'),
      row('19700301', '19690101'),
      row('19700301', '18990101'),
      row('29990101', '20100101'),
      row('18800101', '20100101'),
      row('19700301', '29990101'),
      row('00240101', '20100101'),
      row('19700301', '19700301'),
      row('19700000', '19700101'),
    ])
    expect(report.bad).toEqual([
      { line: 2, why: 'a year of fewer than four digits in FALTA' },
      { line: 3, why: 'a day before the date of birth in FALTA' },
      { line: 4, why: 'a day before the town keeps residences in FALTA' },
      { line: 5, why: 'a date of birth to come in FNAC' },
      { line: 6, why: 'a date of birth of more than 130 years ago (--confirm-ages takes it) in FNAC' },
      { line: 7, why: 'a day to come in FALTA' },
      { line: 8, why: 'a year of fewer than four digits in FNAC' },
    ])
  })

  it('brings in somebody of a great age where whoever imports says that it is so', async () => {
    const { csv, mapping } = file([';Antonia;Longeva;;18850301;6;;;19500101;CL;de la Font;7;02;;;'])
    const sure = { ...mapping, confirmedAges: true }
    const report = await checkImport(csv, sure)
    expect(report.bad).toEqual([])
    const before = await count()
    await importFile(app.rooms, app.town, { officeId: DEMO_OFFICE, file: csv, mapping: sure, report, progress: silent })
    expect(await count()).toBe(before + 1)
  })

  it('is measured by what the town itself says of the past', async () => {
    const { csv, mapping } = file([';Roser;Antiga;;19200301;6;;;19350101;CL;de la Font;7;02;;;'])
    const rules = { today: Temporal.PlainDate.from('2026-01-01'), floor: Temporal.PlainDate.from('1940-01-01') }
    expect((await checkImport(csv, mapping)).bad).toEqual([])
    expect((await checkImport(csv, mapping, { rules })).bad).toHaveLength(1)
  })

  it.each([
    ['dd/mm/yyyy', '01/03/70'],
    ['yyyy', '70'],
    ['iso', '70-03-01'],
  ])('in the form %s takes no year of two digits as it is written', async (format, born) => {
    const { csv, mapping } = file([`;Ona;Curta;;${born};6;;;20100101;CL;de la Font;7;02;;;`], {
      ...MAPPING,
      birthDate: { column: 'FNAC', format },
    })
    expect((await checkImport(csv, mapping)).bad).toEqual([
      { line: 2, why: 'a year of fewer than four digits in FNAC' },
    ])
  })

  it('has a street in each row, or says that somebody has none', async () => {
    const rows = [
      'H17;Ona;Nua;;;;;;;;;;;;;',
      'H18;Ona;Sense;;;;;;;;SIN DOMICILIO FIJO;;;;;',
      'H19;Ona;Transit;;;;;;;;Transeúnte;;;;;',
      'H1A;Ona;Punt;;;;;;;;.;;;;;',
    ]
    const { csv, mapping } = file(rows)
    const report = await checkImport(csv, mapping)
    expect(report.bad).toEqual([
      { line: 2, why: 'no street in NVIA' },
      { line: 5, why: 'an address that cannot be one: streetName' },
    ])
    const done = await importFile(app.rooms, app.town, {
      officeId: DEMO_OFFICE,
      file: csv,
      mapping,
      report,
      progress: silent,
    })
    expect(done.imported).toBe(2)
    const kinds = await app.peek("select 1 from addresses where kind = 'no-fixed-address'")
    expect(kinds.length).toBeGreaterThanOrEqual(2)
  })

  it('brings no words about papers, unless somebody has looked and a street is called so', async () => {
    const { csv, mapping } = file([
      'H1B;Visa;Asil;;;;;;;CL;del Asilo;3;;;;',
      'H1C;Ona;Doc;;;;;;;CL;Nou X1234567L;3;;;;',
    ])
    const report = await checkImport(csv, mapping)
    expect(report.bad).toEqual([
      { line: 2, why: 'may say something about papers: address.streetName' },
      { line: 3, why: 'may say something about papers: address.streetName' },
    ])
    expect(
      await importFile(app.rooms, app.town, { officeId: DEMO_OFFICE, file: csv, mapping, report, progress: silent }),
    ).toMatchObject({
      imported: 0,
    })
    const looked = await checkImport(csv, mapping, { confirmed: true })
    expect(looked.bad).toEqual([])
    const done = await importFile(app.rooms, app.town, {
      officeId: DEMO_OFFICE,
      file: csv,
      mapping,
      report: looked,
      progress: silent,
      confirmed: true,
    })
    expect(done.imported).toBe(2)
    const counted = await app.peek("select 1 from ledger_entries where action = 'plain-confirmed'")
    expect(counted.length).toBeGreaterThan(0)
  })

  it('leaves a household with a bad row out whole', async () => {
    const before = await count()
    const { go } = await bring([
      'H20;Sencera;Meitat;;;;;;;;;;;;;',
      'H20;Trencada;Meitat;;no;;;;;;;;;;;',
      'H21;Bona;Sola;;;;;;;;;;;;;',
    ])
    expect(await go()).toMatchObject({ imported: 1 })
    expect(await count()).toBe(before + 1)
  })

  it('leaves a household out whole when somebody in it is registered by the same document', async () => {
    await (await bring(['H30;Coneguda;Abans;;;;P;333333;;;;;;;;'])).go()
    const before = await count()
    const { go } = await bring([
      'H31;Altra;Persona;;;;;;;;;;;;;',
      'H32;Coneguda;Abans;;;;P;333333;;;;;;;;',
      'H32;Filla;Abans;;;;;;;;;;;;;',
    ])
    expect(await go()).toMatchObject({ imported: 1, known: [{ line: 3 }] })
    expect(await count()).toBe(before + 1)
  })

  it('may have no headings and its fields at fixed places, as the exchanges between registers do', async () => {
    const fixed = {
      HOJA: [1, 6],
      NOMBRE: [7, 20],
      AP1: [27, 25],
      FNAC: [52, 8],
      SEXO: [60, 1],
      NVIA: [61, 25],
      NUMER: [86, 4],
      NACIONALIDAD: [90, 3],
    }
    const row = (hoja: string, given: string, family: string, born: string) =>
      hoja.padEnd(6) +
      given.padEnd(20) +
      family.padEnd(25) +
      born.padEnd(8) +
      '6' +
      'de la Ribera'.padEnd(25) +
      '12'.padEnd(4) +
      '999'
    const text = join(folder, 'fixed.txt')
    const map = join(folder, 'fixed.json')
    const lines = [
      row('A1', 'Núria', 'Posicions', '19800102'),
      '',
      row('A1', 'Pau', 'Posicions', '20150000'),
      row('B2', 'Fixa', 'Columna', '1990'),
    ]
    writeFileSync(text, Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1'))
    const { delimiter: _, document: __, since: ___, noFixedAddress: ____, ...plain } = MAPPING
    writeFileSync(
      map,
      JSON.stringify({
        ...plain,
        encoding: 'latin1',
        fixed,
        family: 'AP1',
        address: { streetName: 'NVIA', number: 'NUMER' },
      }),
    )
    const mapping = readMapping(map)
    const report = await checkImport(text, mapping)
    expect(report).toMatchObject({ rows: 3, households: 2, bad: [{ line: 4, why: 'no date in FNAC' }] })
    expect(report.dropped).toEqual([{ column: 'NACIONALIDAD', why: 'forbidden' }])
    writeFileSync(text, Buffer.from(lines.slice(0, 3).join('\n'), 'latin1'))
    const good = await checkImport(text, mapping)
    await importFile(app.rooms, app.town, {
      officeId: DEMO_OFFICE,
      file: text,
      mapping,
      report: good,
      progress: silent,
    })
    const found = await app.ask<{ matches: { id: string }[] }>('POST', '/v1/neighbours/search', {
      as: 'clerk',
      purpose: 'counter-service',
      body: { name: 'Nuria Posicions' },
    })
    const record = await app.ask('GET', `/v1/neighbours/${found.body.matches[0]?.id}`, {
      as: 'clerk',
      purpose: 'counter-service',
    })
    expect(record.body).toMatchObject({
      name: { given: 'Núria' },
      dateOfBirth: '1980-01-02',
      sex: 'female',
      household: { size: 2 },
    })
    await expect(async () => checkImport(text, { ...mapping, given: 'CALLED' })).rejects.toThrow('no column CALLED')
  })

  describe('of a Spanish town hall, in the layout of the statistics office', () => {
    /** A line by the places that the lengths of the published design add up to, added by hand and not by the layout. */
    function ine(fields: Record<string, string>): string {
      const line = Array(554).fill(' ')
      const put = (from: number, text: string) => line.splice(from - 1, text.length, ...text)
      const places: Record<string, number> = {
        CPRO: 1,
        CMUN: 3,
        FVAR: 161,
        CVAR: 169,
        CAUV: 170,
        DIST: 172,
        SECC: 174,
        TVIA: 265,
        NVIAC: 270,
        DPSVIA: 300,
        NUMER: 351,
        CNUMER: 355,
        NUMERS: 356,
        KMT: 361,
        HMT: 364,
        BLOQ: 365,
        PORT: 367,
        ESCA: 369,
        PLAN: 371,
        PUER: 374,
        NHOP: 394,
        NOMB: 415,
        PART1: 435,
        APE1: 441,
        PART2: 466,
        APE2: 472,
        SEXO: 497,
        CPRON: 498,
        CMUNN: 500,
        FNAC: 503,
        TIDEN: 511,
        LEXTR: 512,
        IDEN: 513,
        LIDEN: 521,
        NDOCU: 522,
        CNES: 542,
        NACI: 544,
      }
      for (const [name, text] of Object.entries({ CPRO: '99', CMUN: '999', FVAR: '20120301', SEXO: '6', ...fields }))
        put(places[name] ?? 0, text)
      return line.join('')
    }
    async function bringLines(lines: string[]) {
      files += 1
      const path = join(folder, `H99999AI.${files}`)
      writeFileSync(path, Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1'))
      const report = await checkImport(path, ineLayout)
      return {
        report,
        go: () =>
          importFile(app.rooms, app.town, {
            officeId: DEMO_OFFICE,
            file: path,
            mapping: ineLayout,
            report: structuredClone(report),
            progress: silent,
          }),
      }
    }
    const found = async (criteria: object) => {
      const { body } = await app.ask<{ matches: { id: string }[] }>('POST', '/v1/neighbours/search', {
        as: 'clerk',
        purpose: 'counter-service',
        body: criteria,
      })
      expect(body.matches).toHaveLength(1)
      return (
        await app.ask('GET', `/v1/neighbours/${body.matches[0]?.id}`, { as: 'clerk', purpose: 'counter-service' })
      ).body
    }

    it('comes in as people are: compound names whole, one name once, doors without zeros, and nothing of status', async () => {
      expect(INE_LENGTH).toBe(554)
      const home = {
        DIST: '01',
        SECC: '012',
        TVIA: 'CALLE',
        NVIAC: 'DE LA PEÑA',
        NUMER: '0012',
        CNUMER: 'B',
        NUMERS: '0014',
      }
      const flat = { BLOQ: '02', PORT: '  ', ESCA: '01', PLAN: '003', PUER: '0002', NHOP: 'S1' }
      const { report, go } = await bringLines([
        ine({
          ...home,
          ...flat,
          NOMB: 'MARÍA DEL MAR',
          PART1: 'DE LA',
          APE1: 'FUENTEIMPORTADA',
          APE2: 'GARCÍA LORQUINA',
          FNAC: '19700301',
          TIDEN: '1',
          IDEN: '01234567',
          LIDEN: 'L',
          CPRON: '66',
          CMUNN: '108',
          CNES: '48',
          NACI: '108',
        }),
        ine({
          ...home,
          ...flat,
          NOMB: 'SUHARTOINE',
          APE1: 'SUHARTOINE',
          SEXO: '1',
          FNAC: '19650000',
          TIDEN: '3',
          LEXTR: 'X',
          IDEN: '07654321',
          LIDEN: 'K',
          NACI: '999',
          CAUV: 'BC',
        }),
        ine({ DPSVIA: 'MASÍA DEL VENTINE', KMT: '012', HMT: '3', NHOP: 'S2', NOMB: 'NO CONSTA', APE1: 'ACOLLIDAINE' }),
        ine({ CVAR: 'B', NHOP: 'S3', NOMB: 'MARCHADAINE', APE1: 'LEJOS' }),
        // Blanks at the end of a line get lost.
        ine({
          NHOP: 'S4',
          NVIAC: 'SIN DOMICILIO',
          NOMB: 'SENSESOSTREINE',
          APE1: 'SOLA',
          FNAC: '00000000',
          FVAR: '00000000',
          IDEN: '00000000',
        }).slice(0, 541),
      ])
      expect(report).toMatchObject({ rows: 4, households: 3, departed: 1, bad: [], town: { province: '99' } })
      const forbidden = report.dropped.filter(({ why }) => why === 'forbidden').map(({ column }) => column)
      expect(forbidden).toEqual(
        expect.arrayContaining(['CPRON', 'CMUNN', 'TIDEN', 'CAUV', 'NACI', 'CNES', 'PRDP', 'CODP']),
      )
      expect(await go()).toMatchObject({ imported: 4, known: [] })

      expect(await found({ name: 'María Fuenteimportada' })).toMatchObject({
        name: { given: 'MARÍA DEL MAR', family: ['DE LA FUENTEIMPORTADA', 'GARCÍA LORQUINA'] },
        dateOfBirth: '1970-03-01',
        sex: 'female',
        residence: { residentSince: '2012-03-01' },
        household: { size: 2 },
        address: {
          kind: 'dwelling',
          streetType: 'CALLE',
          streetName: 'DE LA PEÑA',
          number: '12B-14',
          block: '2',
          stair: '1',
          floor: '3',
          door: '2',
          territory: { district: '01', section: '012' },
        },
      })
      const mononym = await found({ name: 'Suhartoine', mononym: true })
      expect(mononym).toMatchObject({ name: { given: 'SUHARTOINE' }, dateOfBirth: '1965', sex: 'male' })
      expect(mononym).not.toHaveProperty('name.family')
      // As the holder says it at a desk, without the zero of the record.
      expect(await found({ document: 'X-7654321-K' })).toMatchObject({ id: mononym.id })
      expect(await found({ document: '1234567L' })).toMatchObject({ dateOfBirth: '1970-03-01' })
      const fostered = await found({ name: 'Acollidaine', mononym: true })
      expect(fostered).toMatchObject({
        name: { family: ['ACOLLIDAINE'] },
        address: { streetName: 'MASÍA DEL VENTINE', number: 'km 12,3' },
      })
      expect(await found({ name: 'Sensesostreine Sola' })).toMatchObject({ address: { kind: 'no-fixed-address' } })
      const { body: gone } = await app.ask('POST', '/v1/neighbours/search', {
        as: 'clerk',
        purpose: 'counter-service',
        body: { name: 'Marchadaine Lejos' },
      })
      expect(gone).toMatchObject({ matches: [] })
    })

    it('is refused when a line has another length, or is of another town: no column may slip', async () => {
      const line = ine({ NHOP: 'S9', NOMB: 'NINGUNA', APE1: 'LINEA' })
      await expect(bringLines([line, `${line} `])).rejects.toThrow('Line 2 has 555 letters, not 554')
      await expect(bringLines([line.slice(0, 500)])).rejects.toThrow('500 letters')
      await expect(bringLines([line, ine({ CMUN: '001', NOMB: 'OTRA' })])).rejects.toThrow('Line 2 is of another town')
      const before = await count()
      const other = await bringLines([ine({ CMUN: '001', NHOP: 'S8', NOMB: 'OTRA', APE1: 'VILLA' })])
      await expect(other.go()).rejects.toThrow('town 99001, not of this one')
      expect(await count()).toBe(before)
    })
  })

  it('goes on where it was killed, and imports nobody twice', async () => {
    const rows = Array.from(
      { length: 300 },
      (_, i) => `K${Math.floor(i / 3)};${inventedWord(i)};${inventedWord(i + 4000)};;;;;;;;;;;;;`,
    )
    const { csv, mapping, report } = await bring(rows)
    const before = await count()
    let ticks = 0
    const killed = importFile(app.rooms, app.town, {
      officeId: DEMO_OFFICE,
      file: csv,
      mapping,
      report: structuredClone(report),
      progress: {
        ...silent,
        at: () => {
          ticks += 1
          if (ticks === 1) throw new Error('killed')
        },
      },
    })
    await expect(killed).rejects.toThrow('killed')
    const half = await count()
    expect(half).toBeGreaterThan(before)
    expect(half).toBeLessThan(before + 300)
    expect(await app.peek('select 1 from imports')).not.toEqual([])
    const sizes = await app.peek<{ n: string }>(
      'select count(*) as n from residences group by household_id having count(*) = 3',
    )
    expect(sizes.length).toBeGreaterThanOrEqual((half - before) / 3)
    await importFile(app.rooms, app.town, {
      officeId: DEMO_OFFICE,
      file: csv,
      mapping,
      report: structuredClone(report),
      progress: silent,
    })
    expect(await count()).toBe(before + 300)
    // Once more after it ended brings nobody in twice, and neither does it where the note is gone: each is recognised.
    const ended = await importFile(app.rooms, app.town, {
      officeId: DEMO_OFFICE,
      file: csv,
      mapping,
      report: structuredClone(report),
      progress: silent,
    })
    expect(ended).toMatchObject({ imported: 0, alreadyImported: 300 })
    await app.peek('delete from imports returning 1')
    const again = await importFile(app.rooms, app.town, {
      officeId: DEMO_OFFICE,
      file: csv,
      mapping,
      report: structuredClone(report),
      progress: silent,
    })
    expect(again).toMatchObject({ imported: 0, alreadyImported: 300 })
    // Another town has none of it, and begins at its beginning.
    const other = await openApp()
    const there = await importFile(other.rooms, other.town, {
      officeId: DEMO_OFFICE,
      file: csv,
      mapping,
      report: structuredClone(report),
      progress: silent,
    })
    expect(there).toMatchObject({ imported: 300, alreadyImported: 0 })
    await other.close()
  })

  it('cannot be told to read what has no place here', () => {
    expect(() => file([], { ...MAPPING, language: 'NACIONALIDAD' })).toThrow('NACIONALIDAD')
    expect(() => file([], { ...MAPPING, nationality: 'NACIONALIDAD' })).toThrow()
  })
})
