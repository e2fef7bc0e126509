import { Mapping } from './import-mapping.ts'

/**
 * The record of an inhabitant as Spanish town halls and the statistics office exchange it: these fields in this order,
 * 554 letters in all. Those before the control fields say who it was before the change; what is read is what came after.
 *
 * @see INE, Diseños de registro de los ficheros de intercambio de información INE-Ayuntamientos (marzo de 2015), b.2.7
 */
const FIELDS: readonly (readonly [name: string, length: number])[] = [
  ...lengths({ CPRO: 2, CMUN: 3 }),
  ...before({ NOMB: 20, PART1: 6, APE1: 25, PART2: 6, APE2: 25, CPRON: 2, CMUNN: 3, FNAC: 8 }),
  ...before({ TIDEN: 1, LEXTR: 1, IDEN: 8, LIDEN: 1, NDOCU: 20, NIA: 15, NIE: 11 }),
  ...lengths({ TIPOINF: 1, CDEV: 2, FVAR: 8, CVAR: 1, CAUV: 2 }),
  ...lengths({ DIST: 2, SECC: 3, LSECC: 1, CUN: 7, NENTCOC: 25, NENTSIC: 25, NNUCLEC: 25 }),
  ...lengths({ CVIA: 5, TVIA: 5, NVIAC: 25, CPSVIA: 5, DPSVIA: 50, TINUM: 1 }),
  ...lengths({ NUMER: 4, CNUMER: 1, NUMERS: 4, CNUMERS: 1, KMT: 3, HMT: 1 }),
  ...lengths({ BLOQ: 2, PORT: 2, ESCA: 2, PLAN: 3, PUER: 4, TLOC: 1 }),
  ...lengths({ NIA: 15, NHOP: 10, NIE: 11, NOMB: 20, PART1: 6, APE1: 25, PART2: 6, APE2: 25, SEXO: 1 }),
  ...lengths({ CPRON: 2, CMUNN: 3, FNAC: 8, TIDEN: 1, LEXTR: 1, IDEN: 8, LIDEN: 1, NDOCU: 20 }),
  ...lengths({ CNES: 2, NACI: 3, PRDP: 2, MUDP: 3, CODP: 3 }),
]

function lengths(fields: Record<string, number>): [string, number][] {
  return Object.entries(fields)
}

function before(fields: Record<string, number>): [string, number][] {
  return lengths(fields).map(([name, length]) => [`${name} before`, length])
}

/** The last fields are of no use here, and blanks at the end of a line are often lost. */
const LAST_UNUSED = ['CNES', 'NACI', 'PRDP', 'MUDP', 'CODP']

let end = 0
const fixed: Record<string, [number, number]> = {}
for (const [name, length] of FIELDS) {
  fixed[name] = [end + 1, length]
  end += length
}
export const INE_LENGTH = end
const shortest = INE_LENGTH - FIELDS.reduce((sum, [name, length]) => sum + (LAST_UNUSED.includes(name) ? length : 0), 0)

/** What is written where somebody has no such name. */
const NO_NAME = /^(SIN NOMBRE|NO CONSTA|X{3,}|APELLIDO)$/i

/** Of people with one name the rules have it written twice: they get it back as it is. */
function namesOf(row: Record<string, string>): Record<string, string> {
  const said = (name: string) => (NO_NAME.test((row[name] ?? '').trim()) ? '' : (row[name] ?? '').trim())
  const [NOMB, APE1, APE2] = [said('NOMB'), said('APE1'), said('APE2')]
  return { NOMB, APE1: APE1 === NOMB && APE2 === '' ? '' : APE1, APE2 }
}

/** Numbers are filled up with zeros on the left: nobody's door says 0003. */
const unpadded = (text = '') =>
  text
    .trim()
    .replace(/^0+(?=.)/, '')
    .replace(/^0$/, '')

/** Some write zeros where the rules want blanks. */
const unlessZeros = (text = '') => (/^0*$/.test(text.trim()) ? '' : text)

function tidy(row: Record<string, string>): Record<string, string> {
  const get = (name: string) => unpadded(row[name])
  const [upper, kilometre, hectometre] = [get('NUMERS'), get('KMT'), get('HMT')]
  const parts = ['NUMER', 'BLOQ', 'ESCA', 'PLAN', 'PUER', 'PORT']
  return {
    ...row,
    ...namesOf(row),
    ...Object.fromEntries(parts.map((name) => [name, get(name)])),
    NUMERS: upper === '' ? '' : `-${upper}`,
    KMT: kilometre === '' ? '' : `${get('NUMER') === '' ? '' : ' '}km ${kilometre}`,
    HMT: kilometre === '' || hectometre === '' ? '' : `,${hectometre}`,
    ...Object.fromEntries(['IDEN', 'FNAC', 'FVAR'].map((name) => [name, unlessZeros(row[name])])),
  }
}

/**
 * How such a file is read: one sheet of the register is a household; who left the register is left out; birthplace,
 * nationality, origin, studies and what kind of document somebody has are not read at all.
 */
export const ineLayout: Mapping = {
  ...Mapping.parse({
    encoding: 'latin1',
    fixed,
    lengths: [shortest, INE_LENGTH],
    town: { province: 'CPRO', municipality: 'CMUN' },
    departed: { column: 'CVAR', values: ['B'] },
    household: 'NHOP',
    given: 'NOMB',
    family: [
      ['PART1', 'APE1'],
      ['PART2', 'APE2'],
    ],
    birthDate: { column: 'FNAC', format: 'yyyymmdd' },
    sex: { column: 'SEXO', values: { 1: 'male', 6: 'female' } },
    document: ['LEXTR', 'IDEN', 'LIDEN', 'NDOCU'],
    since: { column: 'FVAR', format: 'yyyymmdd' },
    address: {
      streetType: 'TVIA',
      streetName: ['NVIAC', 'DPSVIA'],
      number: ['NUMER', 'CNUMER', 'NUMERS', 'CNUMERS', 'KMT', 'HMT'],
      block: ['BLOQ', 'PORT'],
      stair: 'ESCA',
      floor: 'PLAN',
      door: 'PUER',
      district: 'DIST',
      section: 'SECC',
    },
  }),
  tidy,
}
