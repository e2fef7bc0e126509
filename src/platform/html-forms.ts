import { parse, parseFragment, serialize, type DefaultTreeAdapterTypes as Tree } from 'parse5'

/** What was typed into one form of a page. */
export interface FormTyped {
  /** The path the form is sent to. */
  action: string
  /** Names and values, in the order they were sent. */
  fields: readonly (readonly [name: string, value: string])[]
}

/** What a page draws anew each time, and what therefore stays as the page has it. */
const DRAWN = new Set(['csrf', 'once', 'version', 'kept'])

/**
 * A page with what was typed put back into its form. It is the one whose hidden fields are the same: what was typed for one
 * of several is never put into another. A page without the form comes back as it was.
 *
 * @param note shown above the form, as text
 */
export function fillForm(page: string, typed: FormTyped, note: string): string {
  const document = parse(page)
  const form = putBack(document, typed)
  if (form === undefined) return page
  const banner = parseFragment('<div class="govuk-inset-text" role="status"><p></p></div>')
  const [box] = banner.childNodes as Tree.Element[]
  const [paragraph] = (box?.childNodes ?? []) as Tree.Element[]
  if (box && paragraph) {
    setText(paragraph, note)
    box.parentNode = form
    form.childNodes.unshift(box)
  }
  return serialize(document)
}

/** Why a form was not taken, as texts. */
export interface FormFaults {
  title: string
  /** What is wrong with the whole; or nothing, where the boxes say it. */
  note: string
  /** What is wrong with a box or a group of boxes, by its name or id. */
  beside: Readonly<Record<string, string>>
}

/**
 * A page with what was typed back in its form, what is wrong beside each box that it is about, and all of it above the page.
 *
 * @returns undefined where the form is not on the page
 */
export function faultForm(page: string, typed: FormTyped, { title, note, beside }: FormFaults): string | undefined {
  const document = parse(page)
  const form = putBack(document, typed)
  const main = elementsIn(document).find((one) => one.tagName === 'main')
  if (form === undefined || main === undefined) return undefined
  const links: string[] = []
  const rest = [note].filter(Boolean)
  for (const [name, text] of Object.entries(beside)) {
    const box = elementsIn(form).find(
      (one) =>
        attributeOf(one, 'id') === name || (attributeOf(one, 'name') === name && attributeOf(one, 'type') !== 'hidden'),
    )
    if (box === undefined) rest.push(text)
    else links.push(`<li><a href="#${escaped(faultBox(form, box, name, text))}">${escaped(text)}</a></li>`)
  }
  const summary = parseFragment(
    `<div class="govuk-error-summary" tabindex="-1"><div role="alert"><h2 class="govuk-error-summary__title">${escaped(title)}</h2>` +
      `<div class="govuk-error-summary__body">${rest.map((text) => `<p>${escaped(text)}</p>`).join('')}` +
      `<ul class="govuk-list govuk-error-summary__list">${links.join('')}</ul></div></div></div>`,
  )
  insertInto(main, 0, summary.childNodes)
  return serialize(document)
}

/** Writes what is wrong before a box, or under the question of a group. @returns the id it is found by */
function faultBox(form: Tree.Element, box: Tree.Element, name: string, text: string): string {
  const id = attributeOf(box, 'id') ?? name
  const said = parseFragment(`<p class="govuk-error-message" id="${escaped(id)}-fault">${escaped(text)}</p>`).childNodes
  setAttribute(box, 'id', id)
  const legend = elementsIn(box).find((one) => one.tagName === 'legend')
  const before = legend ?? box
  const parent = before.parentNode as Tree.Element
  const known = attributeOf(legend ? parent : box, 'aria-describedby')
  setAttribute(legend ? parent : box, 'aria-describedby', [known, `${id}-fault`].filter(Boolean).join(' '))
  if (!legend) setAttribute(box, 'aria-invalid', 'true')
  insertInto(parent, parent.childNodes.indexOf(before) + (legend ? 1 : 0), said)
  const group = [...elementsIn(form)].findLast(
    (one) =>
      /\bgovuk-form-group\b/.test(attributeOf(one, 'class') ?? '') && (one === box || elementsIn(one).includes(box)),
  )
  if (group) setAttribute(group, 'class', `${attributeOf(group, 'class')} govuk-form-group--error`)
  return id
}

function insertInto(parent: Tree.Element, at: number, nodes: readonly Tree.ChildNode[]): void {
  for (const node of nodes) node.parentNode = parent
  parent.childNodes.splice(at, 0, ...nodes)
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Puts what was typed back into its form, and opens what it is folded into. @returns the form, where it is on the page */
function putBack(document: Tree.Document, typed: FormTyped): Tree.Element | undefined {
  const forms = elementsIn(document).filter(
    (one) => one.tagName === 'form' && pathOf(attributeOf(one, 'action')) === typed.action,
  )
  // What was typed for one is never put into the form of another, which goes to the same path.
  const form = forms.find((one) => isSame(one, typed))
  if (form === undefined) return undefined
  const values = new Map<string, string[]>()
  for (const [name, value] of typed.fields) values.set(name, [...(values.get(name) ?? []), value])
  for (const one of elementsIn(form)) {
    const name = attributeOf(one, 'name')
    if (name === undefined || DRAWN.has(name)) continue
    if (one.tagName === 'textarea') setText(one, values.get(name)?.shift() ?? '')
    else if (one.tagName === 'select') choose(one, values.get(name) ?? [])
    else if (one.tagName === 'input') fillInput(one, values.get(name) ?? [])
  }
  for (const one of elementsIn(document))
    if (one.tagName === 'details' && elementsIn(one).some((inner) => inner === form)) setAttribute(one, 'open', '')
  return form
}

const pathOf = (action: string | undefined) => action?.split('?')[0]

const isElement = (node: Tree.Node): node is Tree.Element => 'tagName' in node

/** Every element inside another, in the order of the page. */
function elementsIn(node: Tree.ParentNode): Tree.Element[] {
  return node.childNodes.flatMap((child) => (isElement(child) ? [child, ...elementsIn(child)] : []))
}

const attributeOf = (element: Tree.Element, name: string) => element.attrs.find((one) => one.name === name)?.value

function setAttribute(element: Tree.Element, name: string, value: string | undefined): void {
  element.attrs = element.attrs.filter((one) => one.name !== name)
  if (value !== undefined) element.attrs.push({ name, value })
}

function setText(element: Tree.Element, value: string): void {
  element.childNodes = [{ nodeName: '#text', value, parentNode: element } as Tree.TextNode]
}

function isSame(form: Tree.Element, { fields }: FormTyped): boolean {
  return elementsIn(form)
    .filter((one) => one.tagName === 'input' && attributeOf(one, 'type') === 'hidden')
    .every((one) => {
      const name = attributeOf(one, 'name') ?? ''
      return DRAWN.has(name) || fields.some(([known, value]) => known === name && value === attributeOf(one, 'value'))
    })
}

function choose(select: Tree.Element, values: readonly string[]): void {
  const options = elementsIn(select).filter((one) => one.tagName === 'option')
  const ofOption = (option: Tree.Element) => attributeOf(option, 'value') ?? ''
  if (!options.some((option) => values.includes(ofOption(option)))) return
  for (const option of options) setAttribute(option, 'selected', values.includes(ofOption(option)) ? '' : undefined)
}

function fillInput(input: Tree.Element, values: string[]): void {
  const type = attributeOf(input, 'type') ?? 'text'
  if (type === 'file' || type === 'submit' || type === 'hidden' || type === 'password') return
  if (type === 'checkbox' || type === 'radio') {
    const on = values.includes(attributeOf(input, 'value') ?? 'on')
    setAttribute(input, 'checked', on ? '' : undefined)
    return
  }
  const value = values.shift()
  if (value !== undefined) setAttribute(input, 'value', value)
}
