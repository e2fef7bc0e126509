import { readdirSync, readFileSync } from 'node:fs'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { type Arith, type Bool, init, type SMTSet } from 'z3-solver'

// What must never be answered, proved over all questions: the rules are put to a solver as one formula, which looks for any
// requester, record, moment and set of fields that they let through. `npm run prove` prints a line for each.
//
// An entity or a word is a number; what is said of one (`principal.record`, `context.purpose.fields`) is a number or a set of them that
// may be anything. Where Cedar would stop with an error, such as at an attribute that is absent, the formula goes on with any value:
// the engine answers no there, so that what is proved of more questions holds of these.

const { Context } = await init()
const z3 = Context('main')
type B = Bool<'main'>
type N = Arith<'main'>
type S = SMTSet<'main'>
// biome-ignore lint/suspicious/noExplicitAny: the shape of Cedar's JSON differs for each operator
type Expression = any

const codes = new Map<string, number>()
/** A word or an entity; actions are what `context.action` says they are. */
function code(name: string) {
  if (!codes.has(name)) codes.set(name, codes.size + 1)
  return z3.Int.val(codes.get(name) ?? 0)
}
const entity = ({ type, id }: { type: string; id: string }) => code(type === 'Action' ? id : `${type}::${id}`)
const number = (name: string) => z3.Int.const(name)
const set = (name: string) => z3.Set.const(name, z3.Int.sort())
const bool = (name: string) => z3.Bool.const(name)

const KINDS = ['Staff', 'Client', 'Resident', 'Helper', 'Representative', 'Job', 'Authority'] as const
const isA = (kind: string): B => number('principal is').eq(KINDS.indexOf(kind as (typeof KINDS)[number]))
const isIn = (what: string, { type, id }: { type: string; id: string }): B => bool(`${what} in ${type}::${id}`)

/** `context.purpose.fields`. */
function pathOf(one: Expression): string {
  if (one.Var) return one.Var
  if (one['.']) return `${pathOf(one['.'].left)}.${one['.'].attr}`
  throw new Error(`no path: ${JSON.stringify(one)}`)
}

function numeral(one: Expression): N {
  if (one.Value === undefined) return number(pathOf(one))
  if (typeof one.Value === 'number') return z3.Int.val(one.Value)
  return one.Value.__entity ? entity(one.Value.__entity) : code(one.Value)
}

function setOf(one: Expression): S {
  if (!one.Set) return set(pathOf(one))
  return one.Set.reduce((some: S, element: Expression) => some.add(numeral(element)), z3.Set.empty(z3.Int.sort())) as S
}

function truth(one: Expression): B {
  const [[operator, parts] = ['', undefined]] = Object.entries<Expression>(one)
  switch (operator) {
    case '&&':
      return z3.And(truth(parts.left), truth(parts.right))
    case '||':
      return z3.Or(truth(parts.left), truth(parts.right))
    case '!':
      return z3.Not(truth(parts.arg))
    case '==':
      return numeral(parts.left).eq(numeral(parts.right))
    case '!=':
      return z3.Not(numeral(parts.left).eq(numeral(parts.right)))
    case '<':
      return numeral(parts.left).lt(numeral(parts.right))
    case '>':
      return numeral(parts.left).gt(numeral(parts.right))
    case '>=':
      return numeral(parts.left).ge(numeral(parts.right))
    case 'is':
      return isA(parts.entity_type)
    case 'has':
      return bool(`${pathOf(parts.left)} has ${parts.attr}`)
    case 'contains':
      return setOf(parts.left).contains(numeral(parts.right))
    case 'containsAll':
      return setOf(parts.right).subsetOf(setOf(parts.left))
    case 'containsAny':
      return z3.Not(setOf(parts.left).intersect(setOf(parts.right)).eq(z3.Set.empty(z3.Int.sort())))
    case 'isEmpty':
      return setOf(parts.arg).eq(z3.Set.empty(z3.Int.sort()))
    case '.':
      return bool(pathOf(one))
    default:
      throw new Error(`the proof does not know ${operator}`)
  }
}

interface Policy {
  id: string
  effect: 'permit' | 'forbid'
  matches: B
}

function matches(policy: Expression): B {
  const who = policy.principal
  const principal =
    who.op === 'is' ? isA(who.entity_type) : who.op === 'in' ? isIn('principal', who.entity) : z3.Bool.val(true)
  const what = policy.action
  const named = what.op === '==' ? [what.entity] : (what.entities ?? [])
  const action =
    what.op === 'All' ? z3.Bool.val(true) : z3.Or(...named.map((one: Expression) => number('action').eq(entity(one))))
  if (policy.resource.op !== 'All') throw new Error('the proof does not know rules about a single record')
  const conditions = policy.conditions.map(({ kind, body }: Expression) =>
    kind === 'when' ? truth(body) : z3.Not(truth(body)),
  )
  return z3.And(principal, action, ...conditions)
}

/** Every rule, as a formula of whether it matches. */
function policies(): Policy[] {
  const text = readdirSync('policies').filter((file) => file.endsWith('.cedar'))
  return text.flatMap((file) => {
    const parts = cedar.policySetTextToParts(readFileSync(`policies/${file}`, 'utf8'))
    if (parts.type === 'failure') throw new Error(`${file} does not parse`)
    return parts.policies.map((one) => {
      const json = cedar.policyToJson(one)
      if (json.type === 'failure') throw new Error(`${file} does not parse`)
      const { effect, annotations } = json.json
      return { id: String(annotations?.id), effect, matches: matches(json.json) }
    })
  })
}

const Is = (kind: (typeof KINDS)[number]) => isA(kind)
const action = (id: string): B => number('action').eq(code(id))
const purpose = (id: string): B => number('context.purpose').eq(code(`Purpose::${id}`))
const own: B = number('principal.record').eq(number('resource'))
const asks = (...fields: string[]): B => z3.Or(...fields.map((field) => set('context.fields').contains(code(field))))
const { And, Not, Or } = z3

/** What must never be answered, each with the rule that keeps it so. */
const NEVER: readonly { why: string; kept: string; cell: B }[] = [
  {
    why: 'enforcement, or whoever a path leads from to it',
    kept: 'firewall.enforcement',
    cell: isIn('principal', { type: 'Function', id: 'closed' }),
  },
  { why: 'immigration control', kept: 'firewall.purpose', cell: purpose('immigration-control') },
  { why: 'the whole register', kept: 'firewall.export', cell: action('export') },
  {
    why: 'several people at once, outside the registry',
    kept: 'firewall.bulk',
    cell: And(Not(Is('Staff')), number('context.subjects').gt(1)),
  },
  {
    why: 'a service that has promised nothing within the year',
    kept: 'firewall.attestation',
    cell: And(
      Is('Client'),
      Not(
        And(
          bool('principal.organisation has attestedUntil'),
          number('context.now').lt(number('principal.organisation.attestedUntil')),
        ),
      ),
    ),
  },
  {
    why: 'a service whose function nobody knows',
    kept: 'firewall.unknown-function',
    cell: And(Is('Client'), Not(bool('principal.organisation.hasFunction'))),
  },
  {
    why: 'a service beyond the fields of its purpose',
    kept: '',
    cell: And(Is('Client'), Not(set('context.fields').subsetOf(set('context.purpose.fields')))),
  },
  {
    why: 'a service that does anything but show one proof',
    kept: '',
    cell: And(Is('Client'), Or(Not(action('disclose')), Not(number('context.subjects').eq(1)))),
  },
  {
    why: 'somebody who hides',
    kept: 'staff.protected',
    cell: And(
      bool('resource.protected'),
      Not(
        And(
          Is('Staff'),
          Or(number('principal.role').eq(code('supervisor')), bool('resource.visited'), action('open-by-order')),
        ),
      ),
      Not(And(Or(Is('Resident'), Is('Helper'), Is('Representative')), own)),
      Not(And(Is('Job'), action('compare'))),
    ),
  },
  {
    why: 'an order that fewer than two have approved',
    kept: 'access-requests.two-officers',
    cell: And(action('open-by-order'), number('context.approvals').lt(2)),
  },
  {
    why: 'an incident that fewer than two have approved',
    kept: 'firewall.incident',
    cell: And(purpose('incident'), number('context.approvals').lt(2)),
  },
  {
    why: 'a demand without a judge, or of nobody who is enrolled',
    kept: '',
    cell: And(
      Is('Authority'),
      Or(Not(bool('context.judgeOrder')), Not(bool('principal.enrolled')), Not(action('demand'))),
    ),
  },
  {
    why: 'the lockdown',
    kept: 'firewall.lockdown',
    cell: And(
      bool('context.lockdown'),
      Not(And(Is('Resident'), own)),
      Not(And(Is('Representative'), own, Not(action('prove')))),
      Not(And(Is('Helper'), own, action('revoke'))),
      Not(And(Is('Job'), purpose('hidden-likeness'))),
      Not(
        And(
          Is('Staff'),
          Or(
            And(action('depart'), purpose('departure')),
            ...['registration', 'protection', 'supervision', 'complaints', 'erasure'].map(purpose),
          ),
        ),
      ),
    ),
  },
  { why: 'a budget that is used up', kept: 'firewall.budget', cell: bool('context.overBudget') },
  { why: 'access that has ended', kept: 'residents.ended', cell: bool('context.ended') },
  { why: 'another’s record', kept: '', cell: And(Or(Is('Resident'), Is('Helper'), Is('Representative')), Not(own)) },
  {
    why: 'where a child lives, where a court said no',
    kept: 'residents.court-limit',
    cell: And(
      Is('Representative'),
      Not(bool('principal.toldWhere')),
      asks('address', 'household', 'contact', 'history', 'messages', 'proceeding'),
    ),
  },
  {
    why: 'where somebody lives, by a way in that is too new',
    kept: 'residents.new-way',
    cell: And(
      Is('Resident'),
      Not(bool('principal.toldWhere')),
      asks('address', 'household', 'contact', 'history', 'messages'),
    ),
  },
  {
    why: 'fields that are opened by counting',
    kept: 'statistics.no-fields',
    cell: And(action('count'), Not(Is('Staff')), asks('name', 'address')),
  },
]

const all = policies()
const EVERYTHING: Policy = { id: 'everything', effect: 'permit', matches: z3.Bool.val(true) }
/** What holds of every question: one kind of requester, and an action that says its own name. */
const question = And(
  number('principal is').ge(0),
  number('principal is').lt(KINDS.length),
  number('action').eq(number('context.action')),
)

async function reachable(cell: B, rules: readonly Policy[]): Promise<boolean> {
  const solver = new z3.Solver()
  const of = (effect: Policy['effect']) => rules.filter((rule) => rule.effect === effect).map((rule) => rule.matches)
  solver.add(question, Or(...of('permit')), Not(Or(...of('forbid'))), cell)
  const found = await solver.check()
  if (found === 'unknown') throw new Error('the solver does not know')
  return found === 'sat'
}

const proved: { why: string; reachable: boolean; without: boolean }[] = []
for (const { why, kept, cell } of NEVER) {
  if (kept !== '' && !all.some(({ id }) => id === kept)) throw new Error(`there is no rule ${kept}`)
  const rest = all.filter(({ id }) => id !== kept)
  proved.push({
    why,
    reachable: await reachable(cell, all),
    // Where no single rule forbids it, it is not permitted: a rule that permits everything would let it through.
    without: await reachable(cell, kept === '' ? [...all, EVERYTHING] : rest),
  })
}
const something = await reachable(And(Is('Staff'), action('open')), all)
// The solver's own threads would go on.
process.stdout.write(`${JSON.stringify({ rules: all.length, something, proved })}\n`, () => process.exit(0))
