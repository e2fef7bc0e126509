import { nameText } from '../../proofs/paper/paper.ts'
import { DistinctBecause, type Name, TakenDown } from '../../registry/model.ts'
import { PlainTick } from '../plain.tsx'
import { AddressFields, SinceField } from '../record/address-fields.tsx'
import { BornFields, toldBeside } from '../record/born-fields.tsx'
import { heldBack, MOST_PEOPLE, peopleIn } from '../record/registration-form.ts'
import { becauseNames, representationKinds, takenNames } from '../record/registration-names.ts'
import { bornText, dayText } from '../record/texts.ts'
import type { Typed } from '../record/typed.ts'
import { Button, type Choice, ErrorSummary, type Faults, Field, PostForm, Radios, Select, Tick } from '../ui/form.tsx'
import { LanguageSelect } from '../ui/language-select.tsx'
import { Details, Done } from '../ui/parts.tsx'
import { Reading } from './reading.tsx'
import { deskScript } from './script.ts'
import { Desk, type DeskContext } from './shell.tsx'

export interface RegisterProps {
  context: DeskContext
  typed: Typed
  faults?: Faults
  draftId?: string | undefined
  /** A document filled it in: to be looked at before anybody is registered. */
  read?: boolean
  /** The same on every sending of this form, so that it registers once. */
  idempotencyKey: string
}

/** Who, where, with whom, how we know: one page, most of it optional. */
export function RegisterPage(props: RegisterProps) {
  const { context, typed, faults = {}, draftId, idempotencyKey, read } = props
  const { t, session } = context
  const value = (name: string) => typed[name] ?? ''
  return (
    <Desk context={context} title={t['desk.register']} here="/desk/register" script={deskScript.address}>
      <h1>{t['desk.register']}</h1>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      {read ? <Done>{t['register.read']}</Done> : ''}
      {toldBeside(typed, { ...context, thisYear: Temporal.Now.plainDateISO().year }).map((both) => (
        <Done>
          <bdi>{both}</bdi>
        </Done>
      ))}
      <PostForm action="/desk/register" data-draft={draftId ?? 'new'} data-kept={t['desk.drafts']} csrf={session.csrf}>
        {/* Enter in a field presses the first button there is: it is to register, not to add a person. */}
        <input
          class="govuk-visually-hidden"
          type="submit"
          name="act"
          value="register"
          tabindex={-1}
          aria-label={t['desk.register']}
        />
        <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
        <input type="hidden" name="people" value={String(peopleIn(typed))} />
        {draftId ? <input type="hidden" name="draft" value={draftId} /> : ''}
        {value('household') ? <input type="hidden" name="household" value={value('household')} /> : ''}
        <PlainTick t={t} faults={heldBack(typed, t)} />
        <p class="govuk-inset-text">{t['register.whyNot']}</p>
        {Array.from({ length: peopleIn(typed) }, (_, i) => (
          <PersonFields context={context} typed={typed} faults={faults} i={i} alone={peopleIn(typed) === 1} />
        ))}
        {peopleIn(typed) < MOST_PEOPLE ? (
          <Button secondary name="act" value="another" formnovalidate>
            {t['register.another']}
          </Button>
        ) : (
          ''
        )}
        {value('household') ? '' : <AddressFields context={context} typed={typed} faults={faults} heading />}
        <SinceField t={t} typed={typed} fault={faults.since} />
        <Select
          name="taken"
          label={t['taken.howTaken']}
          value={value('taken')}
          options={[['', t['taken.howCounter']], ...TakenDown.options.map((how) => [how, takenNames(t)[how]] as const)]}
        />
        <p class="govuk-button-group">
          <Button name="act" value="register">
            {t['desk.register']}
          </Button>
          <Button secondary name="act" value="draft" formnovalidate>
            {t['register.draft']}
          </Button>
        </p>
        <p id="kept" role="status" />
      </PostForm>
    </Desk>
  )
}

function PersonFields(props: { context: DeskContext; typed: Typed; faults: Faults; i: number; alone: boolean }) {
  const { context, typed, faults, i, alone } = props
  const { t } = context
  const name = (part: string) => `p${i}_${part}`
  const value = (part: string) => typed[name(part)] ?? ''
  const evidence: Choice[] = [
    { value: 'photo-document', label: t['desk.photo'] },
    { value: 'document', label: t['desk.document'] },
    { value: 'attestation', label: t['desk.attested'] },
    { value: 'declaration', label: t['desk.declared'] },
  ]
  return (
    <section aria-labelledby={name('heading')}>
      <h2 id={name('heading')}>{alone ? t['desk.who'] : t['register.person'].replace('{n}', String(i + 1))}</h2>
      <Field
        name={name('given')}
        {...(i === 0 ? { accesskey: 'n' } : {})}
        label={t['desk.given']}
        hint={t['register.nameHint']}
        value={value('given')}
        auto
        fault={faults[name('given')]}
      />
      <Field
        name={name('family')}
        label={t['desk.family']}
        value={value('family')}
        auto
        fault={faults[name('family')]}
      />
      <Tick name={name('newborn')} label={t['newborn.newborn']} on={value('newborn') !== ''} />
      {alone || typed.household ? (
        <div class="when-newborn">
          <Field
            name={name('newborn-of')}
            label={t['newborn.newbornParent']}
            value={value('newborn-of')}
            auto
            fault={faults[name('newborn-of')]}
          />
        </div>
      ) : (
        ''
      )}
      <BornFields t={t} typed={typed} faults={faults} before={name('')} />
      <Radios
        name={name('evidence')}
        legend={t['taken.how']}
        choices={evidence}
        value={value('evidence') || 'declaration'}
      />
      <Field
        name={name('document')}
        label={t['register.documentNumber']}
        value={value('document')}
        fault={faults[name('document')]}
        ltr
      />
      <Details
        open={['contact', 'institution'].some((part) => faults[name(part)] !== undefined)}
        summary={
          <>
            {t['desk.speaks']} · {t['desk.phone']} · {t['register.representative']}
          </>
        }
      >
        <LanguageSelect name={name('language')} label={t['desk.speaks']} value={value('language')} none />
        <Field
          name={name('contact')}
          label={t['desk.phone']}
          value={value('contact')}
          fault={faults[name('contact')]}
        />
        {value('guardian') ? (
          <>
            <input type="hidden" name={name('guardian')} value={value('guardian')} />
            <Select
              name={name('acts-as')}
              label={t['register.representative']}
              value={value('acts-as') || 'parent'}
              options={representationKinds(t)}
            />
          </>
        ) : (
          <Field
            name={name('institution')}
            label={t['register.institution']}
            hint={t['register.institutionHint']}
            value={value('institution')}
            auto
            fault={faults[name('institution')]}
          />
        )}
      </Details>
      <Tick
        name={name('protected')}
        label={t['register.protect']}
        on={value('protected') !== ''}
        fault={faults[name('protected')]}
      />
    </section>
  )
}

/** Somebody who may be somebody else: a neighbour, or another person of the same form. */
export interface Alike {
  person: number
  candidates: readonly { id?: string; name?: object; dateOfBirth?: string | undefined; departedOn?: string }[]
}

export function TwinPage(props: {
  context: DeskContext
  typed: Typed
  idempotencyKey: string
  /** Said of what was typed: it is not about papers. */
  plain: boolean
  alike: readonly Alike[]
  /** It was asked before, and no reason was chosen. */
  again?: boolean
}) {
  const { context, typed, idempotencyKey, plain, alike, again } = props
  const here = alike.every(({ candidates }) => candidates.every(({ id }) => id === undefined))
  const { t, session } = context
  const questions = alike.map(({ person }) => `p${person}_because`)
  return (
    <Desk context={context} title={t['register.twin']} here="/desk/register" script={deskScript.address}>
      {again ? (
        <ErrorSummary
          title={t['desk.there']}
          faults={Object.fromEntries(questions.map((name) => [name, t['register.becauseMissing']]))}
        />
      ) : (
        ''
      )}
      <h1>{here ? t['register.alikeHere'] : t['register.twin']}</h1>
      <p class="lead">{here ? t['register.alikeHereLead'] : t['register.twinLead']}</p>
      <PostForm action="/desk/register" csrf={session.csrf}>
        {Object.entries(typed)
          .filter(([name]) => !['act', 'csrf', 'idempotencyKey', 'asked', ...questions].includes(name))
          .map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
        <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
        <input type="hidden" name="asked" value={alike.map(({ person }) => person).join(' ')} />
        {plain ? <input type="hidden" name="plain" value="yes" /> : ''}
        {alike.map((one) => (
          <Pair context={context} typed={typed} alike={one} fault={again ? t['register.becauseMissing'] : undefined} />
        ))}
        <p class="govuk-button-group">
          <Button name="act" value="register">
            {here ? t['desk.register'] : t['register.distinct']}
          </Button>
          <Button secondary name="act" value="edit" formnovalidate>
            {t['register.backToForm']}
          </Button>
        </p>
      </PostForm>
    </Desk>
  )
}

function Pair(props: { context: DeskContext; typed: Typed; alike: Alike; fault: string | undefined }) {
  const { context, typed, alike, fault } = props
  const { t, language } = context
  const { person, candidates } = alike
  const get = (name: string) => typed[`p${person}_${name}`] ?? ''
  return (
    <>
      <div class="pair">
        <div>
          <h2>{t['desk.register']}</h2>
          <p>
            <bdi>{`${get('given')} ${get('family')}`.trim() || t['newborn.newborn']}</bdi>
            <br />
            {[get('born-day'), get('born-month'), get('born-year')].filter(Boolean).join('/')}
          </p>
        </div>
        <div>
          <h2>{candidates.some(({ id }) => id !== undefined) ? t['desk.found'] : t['desk.register']}</h2>
          <ul class="cards">
            {candidates.map(({ id, name, dateOfBirth, departedOn }) => {
              const called = <bdi>{name ? nameText(name as Name, t['page.newbornOf']) : '…'}</bdi>
              return (
                <li>
                  {id === undefined ? (
                    called
                  ) : (
                    <a href={`/desk/neighbours/${id}`}>
                      {called}
                      <Reading name={name as Name | undefined} />
                    </a>
                  )}
                  <br />
                  {bornText(language, dateOfBirth)}
                  {departedOn ? (
                    <p class="govuk-inset-text">{t['desk.gone'].replace('{day}', dayText(language, departedOn))}</p>
                  ) : (
                    ''
                  )}
                </li>
              )
            })}
          </ul>
        </div>
      </div>
      <Radios
        name={`p${person}_because`}
        legend={t['desk.because']}
        value=""
        fault={fault}
        required
        choices={DistinctBecause.options.map((value) => ({ value, label: becauseNames(t)[value] }))}
      />
    </>
  )
}
