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
export function ChangePage(props: { context: OwnContext; neighbour: Neighbour; once: string }) {
  const { context, neighbour, once } = props
  const { t, language, session } = context
  const { contact, languages, heardOn, version } = neighbour
  const hidden = (
    <>
      <input type="hidden" name="once" value={once} />
      <input type="hidden" name="version" value={String(version)} />
    </>
  )
  return (
    <Own context={context} heading={t.mTitle}>
      {context.query('done') === '' ? '' : <Done>{t.mDone}</Done>}
      {context.query('done') === 'help' ? <p class="govuk-inset-text">{t.uHelp}</p> : ''}
      <section aria-labelledby="here">
        <h2 id="here">{t.mHere}</h2>
        <p>
          {t.dHeard}: {dayText(language, heardOn)}. {t.mHereLead}
        </p>
        <PostForm action="/me/change/here" csrf={session.csrf}>
          {hidden}
          <Button>{t.mYes}</Button>
        </PostForm>
      </section>
      <section aria-labelledby="move">
        <h2 id="move">{t.mMove}</h2>
        <p>{t.mMoveLead}</p>
        <p>
          <a class="govuk-button" href="/me/change/move">
            {t.mMove}
          </a>
        </p>
      </section>
      <section aria-labelledby="child">
        <h2 id="child">{t.mChild}</h2>
        <p>{t.mChildLead}</p>
        <ChildForm context={context} typed={{}} version={version} once={once} />
      </section>
      <section aria-labelledby="reach">
        <h2 id="reach">{t.mReach}</h2>
        <PostForm action="/me/change/reach" csrf={session.csrf}>
          {hidden}
          <input type="hidden" name="reached" value={JSON.stringify(contact ?? {})} />
          <Field name="contact" label={t.mContact} value={contactText(contact)} />
          <Spoken label={t.dSpeaks} languages={languages ?? []} otherwise={language} />
          <Button>{t.dSave}</Button>
        </PostForm>
      </section>
      <section aria-labelledby="hide">
        <h2 id="hide">{t.mHide}</h2>
        <p>{neighbour.protected ? t.mHidden : t.mHideLead}</p>
        {neighbour.protected ? (
          ''
        ) : (
          <PostForm action="/me/change/hide" csrf={session.csrf}>
            {hidden}
            <Button>{t.mHide}</Button>
          </PostForm>
        )}
      </section>
      <section aria-labelledby="object">
        <h2 id="object">{t.mObject}</h2>
        <p>{t.mObjectLead}</p>
        <p>{t.nNamed}</p>
        <PostForm action="/me/change/object" csrf={session.csrf}>
          {hidden}
          <Field name="why" label={t.mObjectWhy} hint={t.kOwnWords} lines={3} maxlength={5000} required auto />
          <Button>{t.kSend}</Button>
        </PostForm>
      </section>
      <section aria-labelledby="leave">
        <h2 id="leave">{t.mLeave}</h2>
        <p>{t.mLeaveLead}</p>
        <PostForm action="/me/change/leave" csrf={session.csrf}>
          {hidden}
          <Tick name="sure" label={t.mLeaveSure} on={false} />
          <Button>{t.mLeave}</Button>
        </PostForm>
      </section>
      <p>
        <a href="/complain?kind=change">{t.mElse}</a>
      </p>
    </Own>
  )
}

interface ChildProps {
  context: OwnContext
  typed: Typed
  version: number
  once: string
  faults?: Faults
}

/** A child who was born, for a clerk to register. */
function ChildForm({ context, typed, version, once, faults = {} }: ChildProps) {
  const { t, session } = context
  return (
    <PostForm action="/me/change/child" csrf={session.csrf}>
      <input type="hidden" name="once" value={once} />
      <input type="hidden" name="version" value={String(version)} />
      <Field name="given" label={t.dGiven} value={typed.given} fault={faults.given} required auto />
      <Field name="family" label={t.dFamily} value={typed.family} fault={faults.family} auto />
      <DateField
        name="born"
        legend={t.dBorn}
        fault={faults.born}
        labels={{ day: t.dDay, month: t.dMonth, year: t.dYear }}
        value={(part) => typed[`born-${part}`] ?? ''}
      />
      <Button>{t.kSend}</Button>
    </PostForm>
  )
}

/** The same form once more, with what is wrong with it. */
export function ChildPage(props: ChildProps) {
  const { context, faults = {} } = props
  const { t } = context
  return (
    <Own context={context} heading={t.mChild}>
      <ErrorSummary title={t.dThere} faults={faults} />
      <p>{t.mChildLead}</p>
      <ChildForm {...props} />
    </Own>
  )
}

/** A new address of any kind, which is true from the moment it is sent. */
export function MovePage(props: {
  context: OwnContext
  typed: Typed
  version: number
  once: string
  /** How many of those they act for live with them. */
  wards: number
  faults?: Faults
}) {
  const { context, typed, version, once, wards, faults = {} } = props
  const { t, session } = context
  return (
    <Own context={context} heading={t.mMove}>
      <ErrorSummary title={t.dThere} faults={faults} />
      <p class="lead">{t.mMoveLead}</p>
      <PostForm action="/me/change/move" csrf={session.csrf}>
        <input type="hidden" name="once" value={once} />
        <input type="hidden" name="version" value={String(version)} />
        <PlainTick t={t} faults={heldBack(typed, t)} />
        {wards === 0 ? (
          ''
        ) : (
          <>
            <p class="govuk-inset-text">{counted(t.mActsHere, context.language, { n: wards })}</p>
            <Radios
              name="who"
              legend={t.mAll}
              value={typed.who ?? ''}
              fault={faults.who}
              required
              choices={[
                { value: 'all', label: t.mTogether, hint: t.mTogetherHint },
                { value: 'me', label: t.mOnlyMe, hint: t.mOnlyMeHint },
              ]}
            />
          </>
        )}
        <AddressFields context={context} typed={typed} faults={faults} own />
        <SinceField t={t} typed={typed} fault={faults.since} />
        <Button>{t.mMove}</Button>
      </PostForm>
    </Own>
  )
}
