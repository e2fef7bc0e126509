import type { Child } from 'hono/jsx'
import type { Texts } from './language.ts'

// The components of GOV.UK Frontend that tell. Those that ask are in form.tsx.

/** Something was done: read out at once, and first on its page. */
export function Done(props: { children: Child }) {
  return (
    <div class="govuk-notification-banner govuk-notification-banner--success" role="status">
      <div class="govuk-notification-banner__content">{props.children}</div>
    </div>
  )
}

/** Something was not done, and no field is to blame. */
export function NotDone(props: { children: Child }) {
  return (
    <div class="govuk-error-summary" tabindex={-1} autofocus>
      <div class="govuk-error-summary__body" role="alert">
        {props.children}
      </div>
    </div>
  )
}

/** What most people need not read, behind a line that says what it is. */
export function Details(props: {
  summary: Child
  open?: boolean
  /** What it opens is one of the things to do here, and looks like the others. */
  button?: boolean
  children: Child
}) {
  return (
    <details class={`govuk-details${props.button ? ' act' : ''}`} open={props.open ?? false}>
      {props.button ? (
        <summary class="govuk-button govuk-button--secondary">{props.summary}</summary>
      ) : (
        <summary class="govuk-details__summary">
          <span class="govuk-details__summary-text">{props.summary}</span>
        </summary>
      )}
      <div class="govuk-details__text">{props.children}</div>
    </details>
  )
}

/** Facts by their names. */
export function Facts(props: { children: Child }) {
  return <dl class="govuk-summary-list">{props.children}</dl>
}

export function Fact(props: { name: Child; children: Child }) {
  return (
    <div class="govuk-summary-list__row">
      <dt class="govuk-summary-list__key">{props.name}</dt>
      <dd class="govuk-summary-list__value">{props.children}</dd>
    </div>
  )
}

/** That a list goes on, and how to get there: nothing is cut off in silence. */
export function NextPage(props: { t: Texts; path: string; more: string | undefined; first: boolean }) {
  const { t, path, more, first } = props
  if (more === undefined && first) return ''
  return (
    <p class="govuk-button-group">
      {more === undefined ? '' : <a href={`${path}?after=${more}`}>{t['desk.more']}</a>}
      {first ? '' : <a href={path}>{t['desk.first']}</a>}
    </p>
  )
}
