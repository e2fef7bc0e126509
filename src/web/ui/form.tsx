import type { Child } from 'hono/jsx'

// The components of GOV.UK Frontend that ask: a label in plain words, a hint, an error beside the field and in a
// summary that leads to it. Markup after its templates, without its scripts: every part works without.

/** What is wrong with a form, by the name of the field. */
export type Faults = Readonly<Record<string, string>>

interface FormProps {
  action: string
  class?: string
  id?: string
  enctype?: 'multipart/form-data'
  target?: '_blank'
  rel?: 'noopener'
  children: Child
  [attribute: `data-${string}`]: string | undefined
}

/** A form of somebody who is not signed in: there is no session for another site to use. */
export function PublicForm({ children, ...attributes }: FormProps) {
  return (
    <form method="post" {...attributes}>
      {children}
    </form>
  )
}

/** A form that changes something: it carries the token of its session. */
export function PostForm({ csrf, children, ...attributes }: FormProps & { csrf: string }) {
  return (
    <PublicForm {...attributes}>
      <Csrf token={csrf} />
      {children}
    </PublicForm>
  )
}

/** What sends a form. A page has one that is neither secondary nor a warning: what most people came for. */
export function Button(props: {
  name?: string
  value?: string
  secondary?: boolean
  /** It cannot be undone. */
  warning?: boolean
  formaction?: string
  formnovalidate?: boolean
  form?: string
  accesskey?: string
  id?: string
  disabled?: boolean
  hidden?: boolean
  children: Child
  [attribute: `aria-${string}` | `data-${string}`]: string | undefined
}) {
  const { secondary, warning, children, ...attributes } = props
  const kind = secondary ? ' govuk-button--secondary' : warning ? ' govuk-button--warning' : ''
  return (
    <button type="submit" class={`govuk-button${kind}`} {...attributes}>
      {children}
    </button>
  )
}

export function Csrf(props: { token: string }) {
  return <input type="hidden" name="csrf" value={props.token} />
}

export function ErrorSummary(props: { title: string; faults: Faults }) {
  const entries = Object.entries(props.faults)
  if (entries.length === 0) return ''
  return (
    <div class="govuk-error-summary" tabindex={-1} autofocus>
      <div role="alert">
        <h2 class="govuk-error-summary__title">{props.title}</h2>
        <div class="govuk-error-summary__body">
          <ul class="govuk-list govuk-error-summary__list">
            {entries.map(([name, text]) => (
              <li>
                <a href={`#${name}`}>{text}</a>
              </li>
            ))}
          </ul>
        </div>
      </div>
    </div>
  )
}

/** What a question says beside itself, and the ids by which a screen reader finds it. */
function saidBeside(name: string, hint: string | undefined, fault: string | undefined) {
  const ids = [hint ? `${name}-hint` : '', fault ? `${name}-fault` : ''].filter(Boolean).join(' ')
  return {
    describedBy: ids ? { 'aria-describedby': ids } : {},
    texts: (
      <>
        {hint ? (
          <div class="govuk-hint" id={`${name}-hint`}>
            {hint}
          </div>
        ) : (
          ''
        )}
        {fault ? (
          <p class="govuk-error-message" id={`${name}-fault`}>
            {fault}
          </p>
        ) : (
          ''
        )}
      </>
    ),
  }
}

const groupOf = (fault: string | undefined) => (fault ? 'govuk-form-group govuk-form-group--error' : 'govuk-form-group')

interface FieldProps {
  name: string
  /** Where a page has several of the same name. */
  id?: string
  label: string
  hint?: string | undefined
  fault?: string | undefined
  value?: string | undefined
  type?: string
  required?: boolean
  inputmode?: 'numeric' | 'text'
  /** Of names in any script: the browser finds out which way they are written. */
  auto?: boolean
  /** Codes are written from the left in every language. */
  ltr?: boolean
  maxlength?: number
  pattern?: string
  size?: number
  lines?: number
  /** The one key that reaches it. */
  accesskey?: string
}

export function Field(props: FieldProps) {
  const { name, id = name, label, hint, fault, value = '', type = 'text', lines, size } = props
  const { describedBy, texts } = saidBeside(id, hint, fault)
  const common = {
    id,
    name,
    ...describedBy,
    ...(fault ? { 'aria-invalid': 'true' } : {}),
    ...(props.required ? { required: true } : {}),
    ...(props.auto ? { dir: 'auto' } : props.ltr ? { dir: 'ltr' } : {}),
    ...(props.maxlength ? { maxlength: props.maxlength } : {}),
    ...(props.accesskey ? { accesskey: props.accesskey } : {}),
    autocomplete: 'off',
    spellcheck: false,
  }
  return (
    <div class={groupOf(fault)}>
      <label class="govuk-label govuk-label--s" for={id}>
        {label}
      </label>
      {texts}
      {lines ? (
        <textarea {...common} class={fault ? 'govuk-textarea govuk-textarea--error' : 'govuk-textarea'} rows={lines}>
          {value}
        </textarea>
      ) : (
        <input
          {...common}
          class={`govuk-input${fault ? ' govuk-input--error' : ''}${size ? ` govuk-input--width-${widthOf(size)}` : ''}`}
          type={type}
          value={value}
          {...(props.inputmode ? { inputmode: props.inputmode } : {})}
          {...(props.pattern ? { pattern: props.pattern } : {})}
          {...(size ? { size } : {})}
        />
      )}
    </div>
  )
}

/** The widths there are, in letters. */
const widthOf = (size: number) => [2, 3, 4, 5, 10, 20, 30].find((width) => width >= size) ?? 30

/** Several boxes or answers of one question. */
export function Group(props: {
  name: string
  legend: string
  hint?: string | undefined
  fault?: string | undefined
  heading?: boolean
  children: Child
}) {
  const { name, legend, hint, fault, heading, children } = props
  const { describedBy, texts } = saidBeside(name, hint, fault)
  return (
    <div class={groupOf(fault)} id={name}>
      <fieldset class="govuk-fieldset" {...describedBy}>
        {heading ? (
          <legend class="govuk-fieldset__legend govuk-fieldset__legend--m">
            <h2 class="govuk-fieldset__heading">{legend}</h2>
          </legend>
        ) : (
          <legend class="govuk-fieldset__legend govuk-fieldset__legend--s">{legend}</legend>
        )}
        {texts}
        {children}
      </fieldset>
    </div>
  )
}

/** A date in three boxes, any of which may stay empty. A month may be typed by its name. */
export function DateField(props: {
  name: string
  legend: string
  hint?: string | undefined
  fault?: string | undefined
  labels: { day: string; month: string; year: string }
  value: (part: 'day' | 'month' | 'year') => string
  /** Whether the year may be something else than a number: a decade. */
  words?: boolean
}) {
  const { name, legend, hint, fault, labels, value, words } = props
  const numbers = (part: string) => part === 'day' || (part === 'year' && !words)
  return (
    <Group name={name} legend={legend} hint={hint} fault={fault}>
      <div class="govuk-date-input">
        {(['day', 'month', 'year'] as const).map((part) => (
          <div class="govuk-date-input__item">
            <div class="govuk-form-group">
              <label class="govuk-label govuk-date-input__label" for={`${name}-${part}`}>
                {labels[part]}
              </label>
              <input
                id={`${name}-${part}`}
                name={`${name}-${part}`}
                value={value(part)}
                inputmode={numbers(part) ? 'numeric' : 'text'}
                autocomplete="off"
                class={`govuk-input govuk-date-input__input govuk-input--width-${part === 'day' ? 2 : 4}${fault ? ' govuk-input--error' : ''}`}
                maxlength={part === 'day' ? 2 : numbers(part) ? 4 : 20}
              />
            </div>
          </div>
        ))}
      </div>
    </Group>
  )
}

export interface Choice {
  value: string
  label: string
  hint?: string
  /** Further questions that belong to this answer. */
  more?: Child
}

/** One answer of several. The further questions of an answer show once it is chosen. */
export function Radios(props: {
  name: string
  legend: string
  choices: readonly Choice[]
  value: string
  fault?: string | undefined
  /** Where the question begins a part of its page. */
  heading?: boolean
  required?: boolean
}) {
  const { name, legend, choices, value, fault, heading, required } = props
  return (
    <Group name={name} legend={legend} fault={fault} heading={heading ?? false}>
      <div class="govuk-radios">
        {choices.map((choice) => (
          <>
            <div class="govuk-radios__item">
              <input
                class="govuk-radios__input"
                type="radio"
                id={`${name}-${choice.value}`}
                name={name}
                value={choice.value}
                checked={choice.value === value}
                required={required ?? false}
                {...(choice.hint ? { 'aria-describedby': `${name}-${choice.value}-hint` } : {})}
              />
              <label class="govuk-label govuk-radios__label" for={`${name}-${choice.value}`}>
                {choice.label}
              </label>
              {choice.hint ? (
                <div class="govuk-hint govuk-radios__hint" id={`${name}-${choice.value}-hint`}>
                  {choice.hint}
                </div>
              ) : (
                ''
              )}
            </div>
            {choice.more ? <div class="govuk-radios__conditional">{choice.more}</div> : ''}
          </>
        ))}
      </div>
    </Group>
  )
}

export function Tick(props: { name: string; id?: string; label: string; on: boolean; fault?: string | undefined }) {
  const { name, id = name, label, on, fault } = props
  const { describedBy, texts } = saidBeside(id, undefined, fault)
  return (
    <div class={groupOf(fault)}>
      {texts}
      <div class="govuk-checkboxes">
        <div class="govuk-checkboxes__item">
          <input
            class="govuk-checkboxes__input"
            type="checkbox"
            id={id}
            name={name}
            value="yes"
            checked={on}
            {...describedBy}
          />
          <label class="govuk-label govuk-checkboxes__label" for={id}>
            {label}
          </label>
        </div>
      </div>
    </div>
  )
}

/** Pictures or recordings from the device. */
export function Files(props: {
  name: string
  label: string
  hint: string
  fault?: string | undefined
  /** What may be chosen, as the attribute of HTML. */
  accept: string
}) {
  const { name, label, hint, fault, accept } = props
  const { describedBy, texts } = saidBeside(name, hint, fault)
  return (
    <div class={groupOf(fault)}>
      <label class="govuk-label govuk-label--s" for={name}>
        {label}
      </label>
      {texts}
      <input id={name} name={name} type="file" accept={accept} multiple {...describedBy} />
    </div>
  )
}

export function Select(props: {
  name: string
  /** Where a page has several of the same name. */
  id?: string
  label: string
  hint?: string
  fault?: string | undefined
  options: readonly (readonly [value: string, label: string])[]
  value?: string
}) {
  const id = props.id ?? props.name
  const { fault } = props
  const { describedBy, texts } = saidBeside(id, props.hint, fault)
  return (
    <div class={groupOf(fault)}>
      <label class="govuk-label govuk-label--s" for={id}>
        {props.label}
      </label>
      {texts}
      <select
        class={fault ? 'govuk-select govuk-select--error' : 'govuk-select'}
        id={id}
        name={props.name}
        {...describedBy}
        {...(fault ? { 'aria-invalid': 'true' } : {})}
      >
        {props.options.map(([value, label]) => (
          <option value={value} selected={value === props.value}>
            {label}
          </option>
        ))}
      </select>
    </div>
  )
}
