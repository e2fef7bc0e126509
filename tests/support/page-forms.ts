import { parse, type DefaultTreeAdapterTypes as Tree } from 'parse5'

/** A box of a form, as a browser knows it. */
export interface Box {
  name: string
  kind: 'text' | 'tick' | 'radio' | 'select' | 'hidden' | 'file'
  /** What it holds as the page stands; of a tick or an answer, what it sends where it is on. */
  value: string
  on: boolean
  options: string[]
  numeric: boolean
  maxlength: number | undefined
}

export interface WebForm {
  action: string
  method: string
  boxes: Box[]
  /** What is said to be wrong beside its boxes. */
  faults: number
}

const isElement = (node: Tree.Node): node is Tree.Element => 'tagName' in node
const inside = (node: Tree.ParentNode): Tree.Element[] =>
  node.childNodes.flatMap((child) => (isElement(child) ? [child, ...inside(child)] : []))
const attribute = (one: Tree.Element, name: string) => one.attrs.find((each) => each.name === name)?.value
const textOf = (one: Tree.Element): string =>
  one.childNodes
    .map((child) => (isElement(child) ? textOf(child) : 'value' in child ? String(child.value) : ''))
    .join('')

/** The forms of a page that somebody fills in. */
export function webForms(html: string, path: string): WebForm[] {
  return inside(parse(html))
    .filter((one) => one.tagName === 'form')
    .map((form) => {
      const all = inside(form)
      return {
        action: attribute(form, 'action') ?? path,
        method: (attribute(form, 'method') ?? 'get').toUpperCase(),
        boxes: all.flatMap(boxOf),
        faults: all.filter((one) => attribute(one, 'class')?.split(' ').includes('govuk-error-message')).length,
      }
    })
}

/** What a page says is wrong, above everything. */
export function summaryOf(html: string): string {
  const found = inside(parse(html)).find((one) => attribute(one, 'class')?.startsWith('govuk-error-summary'))
  return found ? textOf(found).trim() : ''
}

function boxOf(one: Tree.Element): Box[] {
  const name = attribute(one, 'name')
  if (name === undefined || one.tagName === 'button') return []
  const maxlength = Number(attribute(one, 'maxlength') ?? Number.NaN)
  const more = {
    name,
    numeric: attribute(one, 'inputmode') === 'numeric',
    maxlength: Number.isNaN(maxlength) ? undefined : maxlength,
    options: [] as string[],
    on: true,
  }
  if (one.tagName === 'textarea') return [{ ...more, kind: 'text', value: textOf(one) }]
  if (one.tagName === 'select') {
    const options = inside(one).filter(({ tagName }) => tagName === 'option')
    const values = options.map((option) => attribute(option, 'value') ?? textOf(option))
    const chosen = options.findIndex((option) => attribute(option, 'selected') !== undefined)
    return [{ ...more, kind: 'select', options: values, value: values[Math.max(chosen, 0)] ?? '' }]
  }
  if (one.tagName !== 'input') return []
  const type = attribute(one, 'type') ?? 'text'
  const value = attribute(one, 'value') ?? ''
  const on = attribute(one, 'checked') !== undefined
  if (type === 'checkbox') return [{ ...more, kind: 'tick', value: value || 'on', on }]
  if (type === 'radio') return [{ ...more, kind: 'radio', value, on }]
  if (['submit', 'button', 'image', 'reset'].includes(type)) return []
  if (type === 'hidden' || type === 'file') return [{ ...more, kind: type, value }]
  return [{ ...more, kind: 'text', value }]
}

/** What a browser would send of a form, with some boxes filled in by hand. @param by name; of a tick, whether it is on */
export function sentOf({ boxes }: WebForm, by: Readonly<Record<string, string | boolean>>): [string, string][] {
  return boxes.flatMap((box): [string, string][] => {
    const typed = by[box.name]
    if (box.kind === 'file') return []
    if (box.kind === 'tick') return (typeof typed === 'boolean' ? typed : box.on) ? [[box.name, box.value]] : []
    if (box.kind === 'radio') return (typed === undefined ? box.on : typed === box.value) ? [[box.name, box.value]] : []
    return [[box.name, typeof typed === 'string' && box.kind !== 'hidden' ? typed : box.value]]
  })
}
