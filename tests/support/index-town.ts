import { dice } from '../bench/people.ts'

// A town whose people are invented: names as frequent as in a city by the sea where a third came from elsewhere,
// households, buildings. For what is measured of the blind index. Nothing is random but by a seed.

export interface Townsperson {
  name: { given: string; family: string[] }
  dateOfBirth: string
  address: { kind: 'dwelling'; streetName: string; number: string }
  household: number
  building: number
}

/** Common first. */
const words = (text: string) => text.split(' ').map((word) => word.replaceAll('_', ' '))

const LOCAL_FAMILIES = [
  ...words(
    'García Martínez López Sánchez Fernández Rodríguez Pérez González Gómez Ruiz Martín Jiménez Moreno Hernández',
  ),
  ...words(
    'Muñoz Díaz Romero Navarro Torres Álvarez Ferrer Serra Puig Vidal Soler Roca Costa Vila Gil Bosch Molina Pons',
  ),
  ...words('Font Ortega Delgado Serrano Ramos Rubio Marín Castillo Ortiz Casas Riera Pujol Sala Camps Roig Mas Planas'),
  ...words(
    'Solé Valls Prat Coll Ribas Grau Esteve Batlle Rovira Carbonell Mir Farré Vives Castells Bonet Ventura Comas',
  ),
  ...['Vila', 'Puig', 'Mas', 'Font', 'Serra', 'Roca', 'Camp', 'Mont', 'Coll', 'Torre'].flatMap((a) =>
    ['bella', 'franca', 'dalt', 'nova', 'grau', 'mitjana', 'roja', 'verd', 'llonga', 'seca'].map((b) => a + b),
  ),
]
const AMERICAN_FAMILIES = words(
  'Rodríguez González Quispe Mamani Flores Rojas Vargas Castro Mendoza Chávez Guzmán Suárez Paredes Zambrano Cedeño Vera Loor Rivas Salazar Cárdenas Restrepo Ospina Condori Huamán Peralta Benítez',
)
interface Tradition {
  share: number
  families: 1 | 2
  family: string[]
  /** Women and men, born before 1978 and after. */
  given: [string[], string[], string[], string[]]
}
const TRADITIONS: Tradition[] = [
  {
    share: 0.66,
    families: 2,
    family: LOCAL_FAMILIES,
    given: [
      words(
        'María_del_Carmen Montserrat María Josefa Núria Ana_María Rosa Isabel Francisca Carmen Dolores Antonia Teresa Pilar Mercè Marta Cristina Anna Eulàlia Assumpció Encarnación Roser Àngels Concepción',
      ),
      words(
        'Antonio José Jordi Francisco Manuel Joan Josep Juan Jaume Miquel Pere Ramon Lluís Xavier José_María Rafael Carles Àngel Albert Juan_Antonio Enric Joaquim Salvador Vicenç',
      ),
      words(
        'Laia Lucía Martina Júlia Paula Carla Emma Maria Sofía Aina Noa Clara Berta Ona Alba Sara Judit Irene Mireia Gemma Laura Anna Ariadna Bruna',
      ),
      words(
        'Marc Pol Hugo Àlex Jan Biel Martí Arnau Pau Nil Leo Roger David Daniel Sergi Oriol Víctor Pablo Gerard Iker Adrià Bernat Eric Guillem',
      ),
    ],
  },
  {
    share: 0.13,
    families: 2,
    family: AMERICAN_FAMILIES,
    given: [
      words('María Rosa Luz_Marina Ana Gladys Carmen Elsa Blanca Yolanda Norma Martha_Cecilia Nelly'),
      words('José Luis_Alberto Carlos Juan Jorge Segundo Wilson Víctor Miguel_Ángel Hugo Edgar Washington'),
      words('Camila Valentina Daniela Luciana Nicole Mía Emily Andrea Génesis Dayana Sofía Isabella'),
      words('Mateo Kevin Jhon Brayan Santiago Dylan Thiago Sebastián Cristian Jefferson Ian Liam'),
    ],
  },
  {
    share: 0.09,
    families: 1,
    family: words(
      'El_Amrani Benali El_Alaoui Haddad Ben_Said Bouzid El_Idrissi Chaoui Ziani Tahiri Belhaj Amrani Akhrif Daoudi El_Khattabi Mansouri Rachidi Saidi Azzouzi Lahlou',
    ),
    given: [
      words('Fatima Khadija Aicha Malika Naima Rachida Latifa Zohra Habiba Samira'),
      words('Mohamed Ahmed Abdellah Hassan Mustapha Said Abdelkader Omar Rachid Driss'),
      words('Fatima_Zahra Salma Aya Hiba Nour Meryem Imane Sara Hajar Yasmin'),
      words('Mohamed Youssef Adam Ayoub Ilyas Hamza Bilal Zakaria Anas Rayan'),
    ],
  },
  {
    share: 0.06,
    families: 1,
    family: words(
      'Khan Ahmed Hussain Singh Kaur Malik Bibi Iqbal Mahmood Akhtar Butt Chaudhry Diop Ndiaye Sarr Diallo Ba',
    ),
    given: [
      words('Nasreen Shazia Rukhsana Fatou Aminata Khady Parveen Balwinder'),
      words('Muhammad Tariq Imran Mamadou Ousmane Ibrahima Shahid Gurmeet'),
      words('Ayesha Zainab Maryam Hina Awa Harpreet Iqra Aissatou'),
      words('Muhammad Ali Hamza Usman Bilal Moussa Cheikh Harman'),
    ],
  },
  {
    share: 0.06,
    families: 1,
    family: words(
      'Popescu Ionescu Popa Dumitru Stan Rossi Russo Ferrari Dubois Moreau Chen Wang Li Zhang Shevchenko Koval Ivanova Petrov Müller Smith Lin Ye',
    ),
    given: [
      words('Elena Mihaela Giulia Claire Xiuying Natalia Olena Anna Ioana Mei'),
      words('Ion Gheorghe Marco Pierre Wei Oleksandr Andrei Thomas Vasile Jian'),
      words('Andreea Alexandra Sofia Chiara Lihua Yuliia Emma Daria Ana Xin'),
      words('Andrei Alexandru Luca Matteo Hao Maksym Ivan David Stefan Jun'),
    ],
  },
]

/** About 150 streets, the long ones first. Which there are is public, and so is how many live where. */
const STREETS = [
  ...words('Major Nou Rambla_Nova de_la_Mar del_Mercat de_l’Estació de_Barcelona de_Sant_Jordi del_Raval de_la_Pau'),
  ...words('Pintor Doctor Mestre Capità Bisbe Comte').flatMap((title) =>
    words('Ferrer Vidal Puig Soler Batlle Roig Grau Planas Carbonell Mir Riera').map((name) => `${title} ${name}`),
  ),
  ...words('Pere Joan Antoni Josep Miquel Pau Ramon Francesc Isidre Cristòfol Sebastià Roc').map(
    (name) => `de Sant ${name}`,
  ),
  ...words(
    'Molí Pou Castell Forn Carme Roser Tarongers Oliveres Ametllers Pins Alzines Roures Til·lers Llimoners Font',
  ),
  ...words(
    'Muralla Creu Escoles Fàbrica Cotó Llana Ferro Calç Sal Hort Horta Vinya Era Bassa Riera Torrent Séquia Pont',
  ),
  ...words(
    'Girona Lleida Tarragona València Mallorca Aragó Provença Balmes Verdaguer Maragall Rusiñol Casals Gaudí Dalí',
  ),
  ...words(
    'Miró Picasso Llull Fabra Guimerà Vinyoli Rodoreda Montseny Cadí Canigó Priorat Penedès Garraf Ebre Ter Segre',
  ),
]
type Roll = () => number
const below = (roll: Roll, most: number) => Math.floor(roll() * most)

/** One of a list, where the next is rarer than the one before by a power law, as names are. */
function byRank<T>(roll: Roll, list: readonly T[], power: number): T {
  const whole = list.length ** (1 - power)
  const at = Math.floor(((whole - 1) * roll() + 1) ** (1 / (1 - power))) - 1
  return list[Math.min(at, list.length - 1)] as T
}
const familyName = (roll: Roll, { family }: Tradition) => byRank(roll, family, 0.7)
function tradition(roll: Roll): Tradition {
  let left = roll()
  for (const one of TRADITIONS) {
    left -= one.share
    if (left < 0) return one
  }
  return TRADITIONS[0] as Tradition
}

/** Streets and their buildings, the same in every town of one size: a land register is public. */
export function buildings(size: number): { streetName: string; number: string; flats: number }[] {
  const roll = dice(4711)
  const homes = size * 0.47
  const streets = STREETS.slice(0, Math.max(20, Math.round(homes / 12)))
  const built: { streetName: string; number: string; flats: number }[] = []
  const last = new Map<string, number>()
  for (let left = homes; left > 0; ) {
    const streetName = byRank(roll, streets, 0.5)
    const number = (last.get(streetName) ?? 0) + 1 + below(roll, 3)
    last.set(streetName, number)
    const flats = 1 + below(roll, 4) + (roll() < 0.4 ? below(roll, 12) : 0)
    built.push({ streetName, number: String(number), flats })
    left -= flats
  }
  return built
}

/** People in the households and buildings of a town, in no order. */
export function town(size: number, seed: number): Townsperson[] {
  const roll = dice(seed)
  const places = buildings(size)
  const homes = shuffled(
    roll,
    places.flatMap(({ flats }, at) => Array.from({ length: flats }, () => at)),
  )
  const people: Townsperson[] = []
  for (let household = 0; people.length < size; household += 1) {
    const building = homes[household % homes.length] as number
    const { streetName, number } = places[building] as (typeof places)[number]
    const add = (of: Tradition, born: number, family: string[]) => {
      const list = of.given[(born < 1978 ? 0 : 2) + (roll() < 0.5 ? 0 : 1)] as string[]
      people.push({
        name: { given: byRank(roll, list, 0.6), family },
        dateOfBirth: `${Math.max(1930, Math.min(2025, born))}`,
        address: { kind: 'dwelling', streetName, number },
        household,
        building,
      })
    }
    const own = (of: Tradition) => Array.from({ length: of.families }, () => familyName(roll, of))
    const one = tradition(roll)
    const other = roll() < 0.85 ? one : tradition(roll)
    const born = 1931 + Math.floor(36 * (roll() + roll()))
    const [a, b] = [own(one), own(other)]
    const child = [a[0] as string, ...(one.families === 2 ? [b[0] as string] : [])]
    const children = (most: number) => {
      for (let n = 1 + below(roll, most); n > 0; n -= 1) {
        const year = born + 20 + below(roll, 12) + below(roll, 12)
        if (year <= 2025 && (year > 1994 || roll() < 0.25)) add(one, year, child)
      }
    }
    const kind = roll()
    add(one, born, a)
    if (kind > 0.27 && kind < 0.9) add(other, born - 3 + below(roll, 7), b)
    if (kind > 0.5) children(kind < 0.9 ? 3 : 2)
    // Some share a flat and nothing else.
    if (kind > 0.96) for (let n = 1 + below(roll, 3); n > 0; n -= 1) add(other, born - 5 + below(roll, 11), own(other))
  }
  return shuffled(roll, people.slice(0, size))
}

function shuffled<T>(roll: Roll, list: T[]): T[] {
  for (let at = list.length - 1; at > 0; at -= 1) {
    const to = below(roll, at + 1)
    ;[list[at], list[to]] = [list[to] as T, list[at] as T]
  }
  return list
}
