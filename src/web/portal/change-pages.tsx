import { counted } from '../../platform/counted.ts'
import type { Neighbour } from '../../registry/person/neighbours.ts'
import { PlainTick } from '../plain.tsx'
import { AddressFields, SinceField } from '../record/address-fields.tsx'
import { contactText, heldBack } from '../record/registration-form.ts'
import { dayText } from '../record/texts.ts'
import type { Typed } from '../record/typed.ts'
import { Button, DateField, ErrorSummary, type Faults, Field, PostForm, Radios, Tick } from '../ui/form.tsx'
import { Spoken } from '../ui/language-select.tsx'
import { Done } from '../ui/parts.tsx'
import { Own, type OwnContext } from './shell.tsx'

/** What a neighbour may say has changed: most of it takes effect at once. */
export function ChangePage(props: { context: OwnContext; neighbour: Neighbour; idempotencyKey: string }) {
  const { context, neighbour, idempotencyKey } = props
  const { t, language, session } = context
  const { contact, languages, heardOn, version } = neighbour
  const hidden = (
    <>
      <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
      <input type="hidden" name="version" value={String(version)} />
    </>
  )
  return (
    <Own context={context} heading={t['change.title']}>
      {context.query('done') === '' ? '' : <Done>{t['change.done']}</Done>}
      {context.query('done') === 'help' ? <p class="govuk-inset-text">{t['welfare.help']}</p> : ''}
      <section aria-labelledby="here">
        <h2 id="here">{t['change.here']}</h2>
        <p>
          {t['desk.heard']}: {dayText(language, heardOn)}. {t['change.hereLead']}
        </p>
        <PostForm action="/me/change/here" csrf={session.csrf}>
          {hidden}
          <Button>{t['change.yes']}</Button>
        </PostForm>
      </section>
      <section aria-labelledby="move">
        <h2 id="move">{t['change.move']}</h2>
        <p>{t['change.moveLead']}</p>
        <p>
          <a class="govuk-button" href="/me/change/move">
            {t['change.move']}
          </a>
        </p>
      </section>
      <section aria-labelledby="child">
        <h2 id="child">{t['change.child']}</h2>
        <p>{t['change.childLead']}</p>
        <ChildForm context={context} typed={{}} version={version} idempotencyKey={idempotencyKey} />
      </section>
      <section aria-labelledby="reach">
        <h2 id="reach">{t['change.reach']}</h2>
        {context.requester.hidesUntil ? (
          <p>{t['waysIn.hidesReach']}</p>
        ) : (
          <PostForm action="/me/change/reach" csrf={session.csrf}>
            {hidden}
            <input type="hidden" name="reached" value={JSON.stringify(contact ?? {})} />
            <Field name="contact" label={t['change.contact']} value={contactText(contact)} />
            <Spoken label={t['desk.speaks']} languages={languages ?? []} otherwise={language} />
            <Button>{t['desk.save']}</Button>
          </PostForm>
        )}
      </section>
      <section aria-labelledby="hide">
        <h2 id="hide">{t['change.hide']}</h2>
        <p>{neighbour.protected ? t['change.hidden'] : t['change.hideLead']}</p>
        {neighbour.protected ? (
          ''
        ) : (
          <PostForm action="/me/change/hide" csrf={session.csrf}>
            {hidden}
            <Button>{t['change.hide']}</Button>
          </PostForm>
        )}
      </section>
      <section aria-labelledby="object">
        <h2 id="object">{t['change.object']}</h2>
        <p>{t['change.objectLead']}</p>
        <p>{t['messages.named']}</p>
        <PostForm action="/me/change/object" csrf={session.csrf}>
          {hidden}
          <Field
            name="why"
            label={t['change.objectWhy']}
            hint={t['complaint.ownWords']}
            lines={3}
            maxlength={5000}
            required
            auto
          />
          <Button>{t['complaint.send']}</Button>
        </PostForm>
      </section>
      <section aria-labelledby="leave">
        <h2 id="leave">{t['change.leave']}</h2>
        <p>{t['change.leaveLead']}</p>
        <PostForm action="/me/change/leave" csrf={session.csrf}>
          {hidden}
          <Tick name="sure" label={t['change.leaveSure']} on={false} />
          <Button>{t['change.leave']}</Button>
        </PostForm>
      </section>
      <p>
        <a href="/complain?kind=change">{t['change.else']}</a>
      </p>
    </Own>
  )
}

interface ChildProps {
  context: OwnContext
  typed: Typed
  version: number
  idempotencyKey: string
  faults?: Faults
}

/** A child who was born, for a clerk to register. */
function ChildForm({ context, typed, version, idempotencyKey, faults = {} }: ChildProps) {
  const { t, session } = context
  return (
    <PostForm action="/me/change/child" csrf={session.csrf}>
      <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
      <input type="hidden" name="version" value={String(version)} />
      <Field name="given" label={t['desk.given']} value={typed.given} fault={faults.given} required auto />
      <Field name="family" label={t['desk.family']} value={typed.family} fault={faults.family} auto />
      <DateField
        name="born"
        legend={t['desk.born']}
        fault={faults.born}
        labels={{ day: t['desk.day'], month: t['desk.month'], year: t['desk.year'] }}
        value={(part) => typed[`born-${part}`] ?? ''}
      />
      <Button>{t['complaint.send']}</Button>
    </PostForm>
  )
}

/** The same form once more, with what is wrong with it. */
export function ChildPage(props: ChildProps) {
  const { context, faults = {} } = props
  const { t } = context
  return (
    <Own context={context} heading={t['change.child']}>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <p>{t['change.childLead']}</p>
      <ChildForm {...props} />
    </Own>
  )
}

/** A new address of any kind, which is true from the moment it is sent. */
export function MovePage(props: {
  context: OwnContext
  typed: Typed
  version: number
  idempotencyKey: string
  /** How many of those they act for live with them. */
  wards: number
  faults?: Faults
}) {
  const { context, typed, version, idempotencyKey, wards, faults = {} } = props
  const { t, session } = context
  return (
    <Own context={context} heading={t['change.move']}>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <p class="lead">{t['change.moveLead']}</p>
      <PostForm action="/me/change/move" csrf={session.csrf}>
        <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
        <input type="hidden" name="version" value={String(version)} />
        <PlainTick t={t} faults={heldBack(typed, t)} />
        {wards === 0 ? (
          ''
        ) : (
          <>
            <p class="govuk-inset-text">{counted(t['change.actsHere'], context.language, { n: wards })}</p>
            <Radios
              name="who"
              legend={t['change.all']}
              value={typed.who ?? ''}
              fault={faults.who}
              required
              choices={[
                { value: 'all', label: t['change.together'], hint: t['change.togetherHint'] },
                { value: 'me', label: t['change.onlyMe'], hint: t['change.onlyMeHint'] },
              ]}
            />
          </>
        )}
        <AddressFields context={context} typed={typed} faults={faults} own />
        <SinceField t={t} typed={typed} fault={faults.since} />
        <Button>{t['change.move']}</Button>
      </PostForm>
    </Own>
  )
}
