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
 * A page with what was typed put back into its form. Of several forms that go to one path it is the one whose hidden fields are
 * the same; a page without the form comes back as it was.
 *
 * @param note shown above the form, as text
 */
export function fillForm(page: string, typed: FormTyped, note: string): string {
  const document = parse(page)
  const forms = elementsIn(document).filter(
    (one) => one.tagName === 'form' && pathOf(attributeOf(one, 'action')) === typed.action,
  )
  const form = forms.find((one) => isSame(one, typed)) ?? forms[0]
  if (form === undefined) return page
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
