import { parse, parseFragment, serialize, type DefaultTreeAdapterTypes as Tree } from 'parse5'

/** What was typed into one form of a page. */
export interface FormTyped {
  /** The path the form is sent to. */
  action: string
  /** Names and values, in the order they were sent. */
  fields: readonly (readonly [name: string, value: string])[]
}

/** What a page draws anew each time, and what therefore stays as the page has it. */
const DRAWN = new Set(['csrf', 'idempotencyKey', 'version', 'kept', 'back'])
/** What is known to one person alone, and is never put back into a page or kept: they type it again. */
const SECRET = new Set(['word', 'code', 'earlierWord', 'earlierCode'])

/** As much of what was typed as may be kept and shown again. */
export const withoutSecrets = (fields: FormTyped['fields']): FormTyped['fields'] =>
  fields.filter(([name]) => !SECRET.has(name))

/** What is said where something that was typed comes back. */
export interface BackWords {
  /** Where the form is not on the page any more: above what was typed. */
  gone: string
  /** Where something else stands in a box now, with `{text}` for what was typed. */
  typed: string
  /** Where somebody changed the record meanwhile. */
  changed: string
}

/**
 * A page with what was typed put back into its form. It is the one whose hidden fields are the same: what was typed for one of
 * several is never put into another. Where somebody changed the record meanwhile, what is written now stays in the boxes and what
 * was typed stands beside them; where the form is gone, what was typed stands above the page.
 *
 * @param note shown above the form, as text
 */
export function fillForm(page: string, typed: FormTyped, { note, ...words }: BackWords & { note: string }): string {
  const document = parse(page)
  const { form, stale } = putBack(document, typed, words)
  if (form === undefined) insertInto(mainOf(document), 0, goneBox(typed, words))
  else insertInto(form, 0, noteBox(stale ? words.changed : note))
  return serialize(document)
}

/** Why a form was not taken, as texts. */
export interface FormFaults extends BackWords {
  /** Of the summary above the page. */
  title: string
  /** Of the page in a browser, with `{title}` for its own. */
  pageTitle: string
  /** What is wrong with the whole; or nothing, where the boxes say it. */
  note: string
  /** What is wrong with a box or a group of boxes, by its name or id. */
  beside: Readonly<Record<string, string>>
  /** The page that the form was on. */
  back: string
}

/** A page with what was typed back in its form as above, what is wrong beside each box that it is about, and all of it above the page. */
export function faultForm(
  page: string,
  typed: FormTyped,
  { title, pageTitle, note, beside, back, ...words }: FormFaults,
): string {
  const document = parse(page)
  const main = mainOf(document)
  const { form, stale } = putBack(document, typed, words)
  const order = form ? elementsIn(form) : []
  const rest = [stale ? words.changed : note].filter(Boolean)
  const links: { at: number; link: string }[] = []
  for (const [name, text] of Object.entries(beside)) {
    const box = order.find(
      (one) =>
        attributeOf(one, 'id') === name || (attributeOf(one, 'name') === name && attributeOf(one, 'type') !== 'hidden'),
    )
    if (form === undefined || box === undefined) {
      rest.push(text)
      continue
    }
    const at = order.indexOf(box)
    const { id, label } = faultBox(form, { box, name, text })
    const said = label ? `${label}: ${text}` : text
    links.push({ at, link: `<li><a href="#${escaped(firstBox(box) ?? id)}">${escaped(said)}</a></li>` })
  }
  const list = links.sort((one, other) => one.at - other.at).map(({ link }) => link)
  const summary =
    `<div class="govuk-error-summary" tabindex="-1" autofocus><div role="alert"><h2 class="govuk-error-summary__title">${escaped(title)}</h2>` +
    `<div class="govuk-error-summary__body">${rest.map((text) => `<p>${escaped(text)}</p>`).join('')}` +
    `${list.length > 0 ? `<ul class="govuk-list govuk-error-summary__list">${list.join('')}</ul>` : ''}</div></div></div>`
  if (form === undefined) insertInto(main, 0, goneBox(typed, words))
  else if (!order.some((one) => attributeOf(one, 'name') === 'back'))
    insertInto(form, 0, parseFragment(`<input type="hidden" name="back" value="${escaped(back)}">`).childNodes)
  insertInto(main, 0, parseFragment(summary).childNodes)
  const head = elementsIn(document).find((one) => one.tagName === 'title')
  if (head) setText(head, pageTitle.replace('{title}', textOf(head)))
  return serialize(document)
}

/** Of a group of boxes the first: a link to the group would land on nothing that can be typed into. */
const firstBox = (group: Tree.Element): string | undefined =>
  ['input', 'select', 'textarea'].includes(group.tagName)
    ? undefined
    : elementsIn(group)
        .filter((one) => ['input', 'select', 'textarea'].includes(one.tagName) && attributeOf(one, 'type') !== 'hidden')
        .map((one) => attributeOf(one, 'id'))
        .find((id) => id !== undefined)

const mainOf = (document: Tree.Document): Tree.Element => {
  const all = elementsIn(document)
  return (all.find((one) => one.tagName === 'main') ?? all.find((one) => one.tagName === 'body')) as Tree.Element
}
const noteBox = (note: string) =>
  parseFragment(`<div class="govuk-inset-text" role="status"><p>${escaped(note)}</p></div>`).childNodes
/** Of a form that is gone: what somebody wrote, and not what it was drawn with. */
const goneBox = (typed: FormTyped, { gone }: BackWords) => {
  const written = wordsIn(typed.fields).map((text) => `<p dir="auto" class="typed">${escaped(text)}</p>`)
  return parseFragment(`<div class="govuk-inset-text" role="status"><p>${escaped(gone)}</p>${written.join('')}</div>`)
    .childNodes
}

/** What a form says by itself: an id, a tick, something it was drawn with. All else somebody may have typed. */
const SAID_BY_FORM = /^([0-9a-f]{8}(-[0-9a-f]+){3,4}|yes|on|null|[[{].*|)$/s
const SAID_UNSEEN = /^(people|spoken|began|returns|others|minors|reached|named|draft|read|act|to|purpose)$/

/** What was written, and would be lost. */
export const wordsIn = (fields: FormTyped['fields']): string[] =>
  withoutSecrets(fields)
    .filter(([name, value]) => !DRAWN.has(name) && !SAID_UNSEEN.test(name) && !SAID_BY_FORM.test(value.trim()))
    .map(([, value]) => value)

/** Writes what is wrong before a box, or under the question of a group. @returns the id it is found by, and what it is called */
function faultBox(
  form: Tree.Element,
  { box, name, text }: { box: Tree.Element; name: string; text: string },
): { id: string; label: string } {
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
  const label = legend ?? elementsIn(form).find((one) => one.tagName === 'label' && attributeOf(one, 'for') === id)
  return { id, label: label ? textOf(label) : '' }
}

const textOf = (element: Tree.Element): string =>
  element.childNodes
    .map((child) =>
      isElement(child) ? textOf(child) : child.nodeName === '#text' ? (child as Tree.TextNode).value : '',
    )
    .join('')
    .trim()

function insertInto(parent: Tree.Element, at: number, nodes: readonly Tree.ChildNode[]): void {
  for (const node of nodes) node.parentNode = parent
  parent.childNodes.splice(at, 0, ...nodes)
}

export const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Puts what was typed back into its form, and opens what it is folded into. @returns the form, where it is on the page, and whether the record is another now */
function putBack(
  document: Tree.Document,
  { action, fields }: FormTyped,
  words: BackWords,
): { form: Tree.Element | undefined; stale: boolean } {
  const typed = { action, fields: withoutSecrets(fields) }
  const forms = elementsIn(document).filter(
    (one) => one.tagName === 'form' && pathOf(attributeOf(one, 'action')) === action,
  )
  // What was typed for one is never put into the form of another, which goes to the same path.
  const form = forms.find((one) => isSame(one, typed))
  if (form === undefined) return { form, stale: false }
  const version = elementsIn(form).find((one) => attributeOf(one, 'name') === 'version')
  const was = fields.find(([name]) => name === 'version')?.[1]
  const stale = version !== undefined && was !== undefined && attributeOf(version, 'value') !== was
  const values = new Map<string, string[]>()
  for (const [name, value] of typed.fields) values.set(name, [...(values.get(name) ?? []), value])
  for (const one of elementsIn(form)) {
    const name = attributeOf(one, 'name')
    if (name === undefined || DRAWN.has(name) || SECRET.has(name)) continue
    if (stale) sayTyped(form, { box: one, values: values.get(name) ?? [], words: words.typed })
    else if (one.tagName === 'textarea') setText(one, values.get(name)?.shift() ?? '')
    else if (one.tagName === 'select') choose(one, values.get(name) ?? [])
    else if (one.tagName === 'input') fillInput(one, values.get(name) ?? [])
  }
  for (const one of elementsIn(document))
    if (one.tagName === 'details' && elementsIn(one).some((inner) => inner === form)) setAttribute(one, 'open', '')
  return { form, stale }
}

/** Says beside a box what was typed into it, where something else stands in it now. */
function sayTyped(
  form: Tree.Element,
  { box, values, words }: { box: Tree.Element; values: string[]; words: string },
): void {
  const labelOf = (one: Tree.Element) => {
    const label = elementsIn(form).find(
      (other) => other.tagName === 'label' && attributeOf(other, 'for') === attributeOf(one, 'id'),
    )
    return label ? textOf(label) : (attributeOf(one, 'value') ?? '')
  }
  const type = attributeOf(box, 'type') ?? 'text'
  if (type === 'hidden' || type === 'file' || type === 'submit' || type === 'password' || box.tagName === 'button')
    return
  let text: string | undefined
  if (type === 'checkbox' || type === 'radio') {
    const [on, is] = [values.includes(attributeOf(box, 'value') ?? 'on'), attributeOf(box, 'checked') !== undefined]
    if (on !== is && (on || type === 'checkbox')) text = `${on ? '' : '– '}${labelOf(box)}`
  } else if (box.tagName === 'select') {
    const options = elementsIn(box).filter((one) => one.tagName === 'option')
    const chosen = options.find((one) => values.includes(attributeOf(one, 'value') ?? ''))
    if (chosen && attributeOf(chosen, 'selected') === undefined) text = textOf(chosen)
  } else if (box.tagName === 'input' || box.tagName === 'textarea') {
    const now = box.tagName === 'textarea' ? textOf(box) : (attributeOf(box, 'value') ?? '')
    const was = values.shift() ?? ''
    if (was.trim() !== now.trim()) text = was
  }
  if (text === undefined) return
  const parent = box.parentNode as Tree.Element
  const said = parseFragment(`<p class="govuk-hint" dir="auto">${escaped(words.replace('{text}', text || '–'))}</p>`)
  insertInto(parent, parent.childNodes.indexOf(box), said.childNodes)
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
