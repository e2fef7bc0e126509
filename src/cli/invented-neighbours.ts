import type { Address, Registration } from '../registry/model.ts'

// Invented people. Names are common ones of many traditions, put together by counting.

interface Tradition {
  language: string
  name(i: number): Registration['name']
}

const pick = <T>(list: readonly T[], i: number): T => {
  const value = list[i % list.length]
  if (value === undefined) throw new Error('an empty list of names')
  return value
}

type Written = readonly [script: string, latin: string]

const latin =
  (given: string[], family: string[], families = 1) =>
  (i: number): Registration['name'] => ({
    given: pick(given, i),
    ...(families === 0 ? {} : { family: Array.from({ length: families }, (_, n) => pick(family, i * 3 + n * 5 + 1)) }),
  })

const scripted =
  (given: Written[], family: Written[]) =>
  (i: number): Registration['name'] => {
    const [g, f] = [pick(given, i), pick(family, i * 3 + 1)]
    return { given: g[0], family: [f[0]], transliteration: { given: g[1], family: [f[1]] } }
  }

const TRADITIONS: Tradition[] = [
  {
    language: 'ca',
    name: latin(
      ['Montserrat', 'Jordi', 'Núria', 'Oriol', 'Laia', 'Pau'],
      ['Puig', 'Ferrer', 'Vilanova', 'Soler', 'Casals', 'Roca', 'Bosch'],
      2,
    ),
  },
  {
    language: 'es',
    name: latin(
      ['María del Carmen', 'José Ángel', 'Begoña', 'Íñigo', 'Rocío'],
      ['García', 'Núñez', 'de la Fuente', 'Ibáñez', 'López', 'Peña'],
      2,
    ),
  },
  {
    language: 'ar',
    name: scripted(
      [
        ['محمد', 'Mohammed'],
        ['فاطمة', 'Fatima'],
        ['يوسف', 'Youssef'],
        ['خديجة', 'Khadija'],
        ['عبد الرحمن', 'Abdel Rahman'],
      ],
      [
        ['بن علي', 'Ben Ali'],
        ['العلوي', 'El Alaoui'],
        ['بنجلون', 'Benjelloun'],
        ['الحسن', 'Al-Hassan'],
        ['حداد', 'Haddad'],
      ],
    ),
  },
  {
    language: 'fr',
    name: latin(['Fatou', 'Ousmane', 'Aïssatou', 'Mamadou', 'Ndèye'], ['Diop', 'Ndiaye', 'Sarr', 'Diallo', 'N’Diaye']),
  },
  {
    language: 'zh',
    name: scripted(
      [
        ['小明', 'Xiaoming'],
        ['丽华', 'Lihua'],
        ['伟', 'Wei'],
        ['秀英', 'Xiuying'],
      ],
      [
        ['陈', 'Chen'],
        ['王', 'Wang'],
        ['李', 'Li'],
        ['张', 'Zhang'],
        ['欧阳', 'Ouyang'],
      ],
    ),
  },
  {
    language: 'uk',
    name: scripted(
      [
        ['Олександр', 'Oleksandr'],
        ['Марія', 'Mariia'],
        ['Тарас', 'Taras'],
        ['Наталія', 'Nataliia'],
      ],
      [
        ['Шевченко', 'Shevchenko'],
        ['Коваль', 'Koval'],
        ['Бондаренко', 'Bondarenko'],
        ['Мельник', 'Melnyk'],
      ],
    ),
  },
  {
    language: 'el',
    name: scripted(
      [
        ['Ελένη', 'Eleni'],
        ['Γιώργος', 'Giorgos'],
        ['Δέσποινα', 'Despoina'],
      ],
      [
        ['Παπαδόπουλος', 'Papadopoulos'],
        ['Νικολάου', 'Nikolaou'],
        ['Οικονόμου', 'Oikonomou'],
      ],
    ),
  },
  {
    language: 'am',
    name: scripted(
      [
        ['አበበ', 'Abebe'],
        ['ሰላም', 'Selam'],
        ['ትዕግስት', 'Tigist'],
      ],
      [
        ['ከበደ', 'Kebede'],
        ['ተስፋዬ', 'Tesfaye'],
        ['ገብረ', 'Gebre'],
      ],
    ),
  },
  {
    language: 'ta',
    name: (i) => ({
      given: pick(['முருகன்', 'லட்சுமி', 'கவிதா'], i),
      transliteration: { given: pick(['Murugan', 'Lakshmi', 'Kavitha'], i) },
    }),
  },
  { language: 'id', name: latin(['Suharti', 'Wayan', 'Sukarman', 'Megawangi'], [], 0) },
  {
    language: 'ur',
    name: latin(['Muhammad Bilal', 'Ayesha', 'Zainab', 'Imran'], ['Khan', 'Ahmed', 'Bibi', 'Hussain', 'Malik']),
  },
  {
    language: 'bn',
    name: scripted(
      [
        ['রহিম', 'Rahim'],
        ['সুমাইয়া', 'Sumaiya'],
        ['করিম', 'Karim'],
      ],
      [
        ['উদ্দিন', 'Uddin'],
        ['আক্তার', 'Akter'],
        ['হোসেন', 'Hossain'],
      ],
    ),
  },
  {
    language: 'pt',
    name: latin(['Thiago', 'Conceição', 'João', 'Inês'], ['dos Santos', 'da Silva', 'de Oliveira', 'Gonçalves'], 2),
  },
  { language: 'nl', name: latin(['Anouk', 'Sjoerd', 'Femke'], ['van den Berg', 'de Vries', '’t Hart', 'IJsselstein']) },
  {
    language: 'en',
    name: latin(['Siobhán', 'Seán', 'Aoife'], ['O’Brien', 'Ní Dhomhnaill', 'MacCarthy', 'Smyth-Jones']),
  },
  { language: 'vi', name: latin(['Thị Hương', 'Văn Minh', 'Ngọc Ánh'], ['Nguyễn', 'Trần', 'Phạm']) },
  {
    language: 'ka',
    name: scripted(
      [
        ['გიორგი', 'Giorgi'],
        ['ნინო', 'Nino'],
        ['თამარ', 'Tamar'],
      ],
      [
        ['ბერიძე', 'Beridze'],
        ['კაპანაძე', 'Kapanadze'],
      ],
    ),
  },
  { language: 'is', name: latin(['Björk', 'Þór', 'Ásdís'], ['Guðmundsdóttir', 'Jónsson', 'Þorsteinsdóttir']) },
  { language: 'qu', name: latin(['Yeni', 'Wilber', 'Nélida'], ['Quispe', 'Mamani', 'Condori', 'Huamán'], 2) },
]

const STREETS = [
  'Major',
  'de la Mar',
  'dels Tarongers',
  'de l’Estació',
  'del Mercat',
  'de Sant Jordi',
  'Nou',
  'de les Escoles',
  'del Molí',
]

function addressOf(i: number): Address {
  const territory = { province: '99', municipality: '999', district: `0${1 + (i % 5)}`, section: `00${1 + (i % 7)}` }
  switch (i % 10) {
    case 3:
      return i % 20 === 3
        ? { kind: 'no-fixed-address', usualArea: 'Around the old railway station' }
        : { kind: 'no-fixed-address', referenceAddress: { name: 'Casal de barri', streetName: 'del Pou', number: '4' } }
    case 5:
      return {
        kind: 'informal-dwelling',
        description: `Caravan ${i} behind the mill, by the poplars`,
        coordinates: { latitude: 41.2 + i / 10_000, longitude: 1.7 },
      }
    case 8:
      return {
        kind: 'collective',
        name: pick(['Night shelter', 'Hospital de Sant Joan', 'Convent of the Poor Clares'], i),
        streetName: 'del Convent',
        number: '9',
      }
    default:
      return {
        kind: 'dwelling',
        streetType: 'carrer',
        streetName: pick(STREETS, i),
        number: String(1 + ((i * 7) % 160)),
        floor: String(i % 6),
        door: String(1 + (i % 4)),
        postcode: '99001',
        territory,
      }
  }
}

const birthYearOf = (i: number) => 1934 + ((i * 13) % 88)

function birthDateOf(i: number): string | undefined {
  const year = birthYearOf(i)
  const two = (n: number) => String(n).padStart(2, '0')
  switch (i % 12) {
    case 2:
      return String(year)
    case 4:
      return `${year}-${two(1 + (i % 12))}`
    case 7:
      return `${year}~`
    case 9:
      return undefined
    default:
      return `${year}-${two(1 + (i % 12))}-${two(1 + ((i * 5) % 28))}`
  }
}

/** The i-th invented neighbour, the same on every machine. */
export function inventedNeighbour(i: number): Registration {
  const tradition = pick(TRADITIONS, i)
  const dateOfBirth = birthDateOf(i)
  const document = i % 4 === 0
  return {
    name: tradition.name(Math.floor(i / TRADITIONS.length)),
    ...(dateOfBirth === undefined ? {} : { dateOfBirth }),
    ...(i % 9 === 0 ? {} : { sex: pick(['female', 'male', 'female', 'male', 'x'] as const, i) }),
    languages: [tradition.language],
    ...(i % 3 === 0
      ? { contact: { phone: `+34 600 ${String(100_000 + i).slice(0, 3)} ${String(100_000 + i).slice(3)}` } }
      : {}),
    evidence: document
      ? { strength: 'photo-document', document: `INVENTED-${String(7_000_000 + i * 37)}` }
      : { strength: pick(['declaration', 'attestation', 'declaration'] as const, i) },
    cause: pick(['arrival', 'arrival', 'omission'] as const, i),
    // Nobody lives here before they are born.
    since: `${Math.max(2012 + (i % 13), birthYearOf(i) + 1)}-0${1 + (i % 9)}-15`,
    address: addressOf(i),
    ...(i % 50 === 17 ? { protected: true } : {}),
    confirmedDistinct: true,
  }
}
