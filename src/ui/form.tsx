import type { Child } from 'hono/jsx'

// Form parts after the patterns of the GOV.UK Design System: a label in plain words, a hint, an error beside the field
// and in a summary that leads to it. Their own stylesheet is not used: it cannot be written right to left.

/** What is wrong with a form, by the name of the field. */
export type Faults = Readonly<Record<string, string>>

export function Csrf(props: { token: string }) {
  return <input type="hidden" name="csrf" value={props.token} />
}

export function ErrorSummary(props: { title: string; faults: Faults }) {
  const entries = Object.entries(props.faults)
  if (entries.length === 0) return ''
  return (
    <div class="summary" role="alert" tabindex={-1}>
      <h2>{props.title}</h2>
      <ul>
        {entries.map(([name, text]) => (
          <li>
            <a href={`#${name}`}>{text}</a>
          </li>
        ))}
      </ul>
    </div>
  )
}

interface FieldProps {
  name: string
  label: string
  hint?: string | undefined
  fault?: string | undefined
  value?: string | undefined
  type?: string
  required?: boolean
  inputmode?: 'numeric' | 'text'
  /** Of names in any script: the browser finds out which way they are written. */
  auto?: boolean
  size?: number
  lines?: number
}

export function Field(props: FieldProps) {
  const { name, label, hint, fault, value = '', type = 'text', lines } = props
  const described = [hint ? `${name}-hint` : '', fault ? `${name}-fault` : ''].filter(Boolean).join(' ')
  const common = {
    id: name,
    name,
    ...(described ? { 'aria-describedby': described } : {}),
    ...(fault ? { 'aria-invalid': 'true' } : {}),
    ...(props.required ? { required: true } : {}),
    ...(props.auto ? { dir: 'auto' } : {}),
    autocomplete: 'off',
    spellcheck: false,
  }
  return (
    <div class={fault ? 'field wrong' : 'field'}>
      <label for={name}>{label}</label>
      {hint ? (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      ) : (
        ''
      )}
      {fault ? (
        <p class="fault" id={`${name}-fault`}>
          {fault}
        </p>
      ) : (
        ''
      )}
      {lines ? (
        <textarea {...common} rows={lines}>
          {value}
        </textarea>
      ) : (
        <input
          {...common}
          type={type}
          value={value}
          {...(props.inputmode ? { inputmode: props.inputmode } : {})}
          {...(props.size ? { class: 'short', size: props.size } : {})}
        />
      )}
    </div>
  )
}

/** A date in three boxes, any of which may stay empty. */
export function DateField(props: {
  name: string
  legend: string
  hint?: string | undefined
  fault?: string | undefined
  labels: { day: string; month: string; year: string }
  value: (part: 'day' | 'month' | 'year') => string
}) {
  const { name, legend, hint, fault, labels, value } = props
  return (
    <fieldset class={fault ? 'field wrong' : 'field'} id={name}>
      <legend>{legend}</legend>
      {hint ? <p class="hint">{hint}</p> : ''}
      {fault ? <p class="fault">{fault}</p> : ''}
      <div class="date">
        {(['day', 'month', 'year'] as const).map((part) => (
          <div>
            <label for={`${name}-${part}`}>{labels[part]}</label>
            <input
              id={`${name}-${part}`}
              name={`${name}-${part}`}
              value={value(part)}
              inputmode="numeric"
              autocomplete="off"
              class="short"
              size={part === 'year' ? 4 : 2}
              maxlength={part === 'year' ? 4 : 2}
            />
          </div>
        ))}
      </div>
    </fieldset>
  )
}

export interface Choice {
  value: string
  label: string
  hint?: string
  /** Further questions that belong to this answer. */
  more?: Child
}

export function Radios(props: {
  name: string
  legend: string
  choices: readonly Choice[]
  value: string
  fault?: string | undefined
}) {
  const { name, legend, choices, value, fault } = props
  return (
    <fieldset class={fault ? 'field wrong' : 'field'} id={name}>
      <legend>{legend}</legend>
      {fault ? <p class="fault">{fault}</p> : ''}
      {choices.map((choice) => (
        <div class="choice">
          <input
            type="radio"
            id={`${name}-${choice.value}`}
            name={name}
            value={choice.value}
            checked={choice.value === value}
          />
          <label for={`${name}-${choice.value}`}>
            {choice.label}
            {choice.hint ? <small>{choice.hint}</small> : ''}
          </label>
          {choice.more ? <div class="further">{choice.more}</div> : ''}
        </div>
      ))}
    </fieldset>
  )
}

export function Tick(props: { name: string; id?: string; label: string; on: boolean }) {
  const { name, id = name, label, on } = props
  return (
    <div class="choice">
      <input type="checkbox" id={id} name={name} value="yes" checked={on} />
      <label for={id}>{label}</label>
    </div>
  )
}

export function Select(props: {
  name: string
  /** Where a page has several of the same name. */
  id?: string
  label: string
  options: readonly (readonly [value: string, label: string])[]
  value?: string
}) {
  return (
    <div class="field">
      <label for={props.id ?? props.name}>{props.label}</label>
      <select id={props.id ?? props.name} name={props.name}>
        {props.options.map(([value, label]) => (
          <option value={value} selected={value === props.value}>
            {label}
          </option>
        ))}
      </select>
    </div>
  )
}
