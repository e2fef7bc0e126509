import { parseSync } from 'vite'

/** A place where a value gets out of a callback that sees what was opened, other than by being returned. */
export interface Escape {
  line: number
  /** What is written to. */
  target: string
}

type Node = { type: string; start: number; [key: string]: unknown }

/** Calls whose callbacks see what the gate has opened. */
const OPENS = new Set(['open', 'decide', 'record', 'map', 'mapAsync', 'page', 'onward', 'disclose'])
/** Use cases of ours that open a record and hand it to a callback, in an object. */
const WORK_ON = new Set(['onRecord', 'onBoth', 'onRepresentatives', 'atDesk', 'held'])
const FILLS = new Set(['push', 'unshift', 'add', 'set', 'append', 'fill', 'splice'])

/**
 * Where callbacks of the gate, of what it disclosed and of replies write to something outside of themselves: to a variable, a
 * field, a list or a map. A value that leaves in such a way has no box around it.
 *
 * @param of which callees count: the gate's own for `gate`, and those of boxes
 */
export function escapesIn(file: string, code: string): Escape[] {
  const { program } = parseSync(file, code)
  const found: Escape[] = []
  const lineOf = (node: Node) => code.slice(0, node.start).split('\n').length
  const rootOf = (node: Node): Node =>
    node.type === 'MemberExpression' || node.type === 'TSNonNullExpression' || node.type === 'TSAsExpression'
      ? rootOf((node.object ?? node.expression) as Node)
      : node

  const visit = (node: Node, inside: ReadonlySet<string> | undefined): void => {
    let names = inside
    if (isFunction(node) && inside !== undefined) names = new Set([...inside, ...declaredIn(node)])
    if (node.type === 'CallExpression') {
      const callee = node.callee as Node
      const method = callee.type === 'MemberExpression' ? String((callee.property as Node).name ?? '') : ''
      if (inside !== undefined && FILLS.has(method)) check(rootOf((callee as Node).object as Node), node)
      if (opens(callee, method)) {
        visit(callee, inside)
        for (const argument of (node.arguments as Node[]).flatMap(valuesOf))
          visit(argument, isFunction(argument) ? new Set([...(inside ?? []), ...declaredIn(argument)]) : inside)
        return
      }
    }
    if (names !== undefined && (node.type === 'AssignmentExpression' || node.type === 'UpdateExpression'))
      for (const target of targetsOf((node.left ?? node.argument) as Node)) check(rootOf(target), node, names)
    for (const child of childrenOf(node)) visit(child, names)

    function check(root: Node, at: Node, known = names): void {
      if (root.type !== 'Identifier' || known === undefined || known.has(String(root.name))) return
      found.push({ line: lineOf(at), target: String(root.name) })
    }
  }
  visit(program as unknown as Node, undefined)
  return found
}

/** The gate itself, however it is reached, and what boxes and replies are asked. */
function opens(callee: Node, method: string): boolean {
  if (callee.type === 'Identifier') return WORK_ON.has(String(callee.name))
  if (callee.type !== 'MemberExpression' || !OPENS.has(method)) return false
  const owner = callee.object as Node
  const name = owner.type === 'MemberExpression' ? (owner.property as Node).name : owner.name
  if (method === 'open' || method === 'decide' || method === 'record') return name === 'gate'
  if (method === 'page' || method === 'onward' || method === 'disclose') return name === 'Reply'
  // What is mapped may be a list of ours as well: then nothing is found in it that is not found elsewhere.
  return true
}

/** What stands in an object that is handed to a call, each by itself; anything else as it is. */
const valuesOf = (node: Node): Node[] =>
  node.type === 'ObjectExpression'
    ? (node.properties as Node[]).map((property) => (property.value ?? property) as Node)
    : [node]

const isFunction = (node: Node) =>
  node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration'

function childrenOf(node: Node): Node[] {
  return Object.entries(node).flatMap(([key, value]) =>
    key === 'parent' ? [] : Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  )
}
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'

/** Names that a function makes: its parameters, and what is declared anywhere in it. */
function declaredIn(node: Node): string[] {
  const names: string[] = []
  const walk = (one: Node): void => {
    if (one.type === 'VariableDeclarator') names.push(...patternNames(one.id as Node))
    if (one.type === 'FunctionDeclaration' && isNode(one.id)) names.push(String(one.id.name))
    if (one.type === 'CatchClause' && isNode(one.param)) names.push(...patternNames(one.param))
    if (isFunction(one)) for (const parameter of one.params as Node[]) names.push(...patternNames(parameter))
    for (const child of childrenOf(one)) walk(child)
  }
  walk(node)
  return names
}

function patternNames(node: Node): string[] {
  switch (node.type) {
    case 'Identifier':
      return [String(node.name)]
    case 'ObjectPattern':
      return (node.properties as Node[]).flatMap((one) => patternNames((one.value ?? one.argument) as Node))
    case 'ArrayPattern':
      return (node.elements as (Node | null)[]).flatMap((one) => (one ? patternNames(one) : []))
    case 'AssignmentPattern':
      return patternNames(node.left as Node)
    case 'RestElement':
      return patternNames(node.argument as Node)
    default:
      return []
  }
}

function targetsOf(node: Node): Node[] {
  switch (node.type) {
    case 'ObjectPattern':
      return (node.properties as Node[]).flatMap((one) => targetsOf((one.value ?? one.argument) as Node))
    case 'ArrayPattern':
      return (node.elements as (Node | null)[]).flatMap((one) => (one ? targetsOf(one) : []))
    case 'AssignmentPattern':
      return targetsOf(node.left as Node)
    default:
      return [node]
  }
}
