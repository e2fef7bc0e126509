import { randomUUID } from 'node:crypto'
import type { Child } from 'hono/jsx'
import { z } from 'zod'
import { SaysTooMuch } from '../../firewall/free-text.ts'
import { purposeOf } from '../../firewall/requester.ts'
import type { Form } from '../../http/form.ts'
import { pathTo } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { InvalidInput, NotFound } from '../../platform/problem.ts'
import { uuidIn } from '../../platform/uuid.ts'
import { addressText } from '../../proofs/address-text.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import { MinorsAgreement } from '../../registry/model.ts'
import { lifeRules } from '../../registry/person/dates/life-dates.ts'
import { type Neighbour, openNeighbour } from '../../registry/person/neighbours.ts'
import { isOfAge, OF_AGE } from '../../registry/person/representation/act-for.ts'
import { moveNeighbour, NothingChanges, returnNeighbour } from '../../registry/residence/move.ts'
import { SearchTooWide, searchNeighbours } from '../../registry/search/search.ts'
import { PlainTick, plainIn } from '../plain.tsx'
import { AddressFields, SinceField } from '../record/address-fields.tsx'
import { addressIn } from '../record/address-form.ts'
import { saidFaultText } from '../record/dates.ts'
import { type DateTyped, dayIn, faultsOf, heldBack, idempotencyKeyOf, typedIn } from '../record/registration-form.ts'
import { bornText } from '../record/texts.ts'
import type { Typed } from '../record/typed.ts'
import { pageOf, type signedInPages } from '../signed-in.tsx'
import { Button, ErrorSummary, type Faults, PostForm, Radios, Tick } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { Details } from '../ui/parts.tsx'
import { criteriaOf, saidAgain, shortYearIn } from './query.ts'
import { deskScript } from './script.ts'
import { SaidFields, type Shown } from './search-page.tsx'
import { Desk, type DeskContext, idempotencyKeyIn, idIn } from './shell.tsx'

/** Where a neighbour lives from now on: at another address, or with somebody who is registered. */
export function settlingDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: RegistryDeps): void {
  const settles = (how: 'move' | 'return') => async (context: DeskContext) => {
    const { town, requester, form, t } = context
    const typed = typedIn(context)
    const { address, faults } = addressIn(typed, town, t)
    const said = dayIn(typed, { name: 'since', formReader: { ...context, rules: lifeRules(deps.clock, town) } })
    const since = form.has('mistake') ? beganIn(form.get('began'), t) : said
    const again = (faults: Faults) =>
      pageOf(<SettlePage context={context} who={whoIn(form, how === 'return')} typed={typed} faults={faults} />, 422)
    const joined = uuidIn(form.get('join'))
    const wrong = {
      ...(joined === undefined ? faults : {}),
      ...(since && 'fault' in since ? { since: since.fault } : {}),
    }
    if ((since && 'fault' in since) || Object.keys(wrong).length > 0) return again(wrong)
    const agreement = MinorsAgreement.safeParse(form.get('agreement')).data
    const from = { ...(since ? { since: since.date } : {}), ...(agreement ? { agreement } : {}), ...plainIn(form) }
    const conditions = { version: Number(form.get('version')), idempotencyKey: idempotencyKeyIn(context, 'move') }
    const settle = (where: { address: NonNullable<typeof address> } | { householdId: string }) =>
      how === 'return'
        ? returnNeighbour(deps, { town, by: requester }, { id: idIn(context), to: { ...where, ...from }, conditions })
        : moveNeighbour(
            deps,
            { town, by: requester },
            {
              id: idIn(context),
              move: { ...where, ...from, ...(form.has('everyone') ? { everyone: true } : {}) },
              conditions,
            },
          )
    try {
      if (joined !== undefined) {
        const ask = { purpose: purposeOf(requester), fields: ['household'] as const }
        const mate = await openNeighbour(deps, { town, by: requester }, { id: joined, ask })
        await mate.mapAsync(async ({ household }) => {
          if (household === undefined) throw new NotFound()
          return settle({ householdId: household.id })
        })
      } else if (address) await settle({ address })
    } catch (error) {
      if (error instanceof NothingChanges) return again({ where: t['dates.nothing'] })
      if (error instanceof SaysTooMuch) return again(heldBack(typed, t))
      if (!(error instanceof InvalidInput)) throw error
      return again(faultsOf(error, context))
    }
    return Reply.redirect(pathTo`/desk/neighbours/${idIn(context)}`)
  }
  page({ method: 'post', path: '/desk/neighbours/:id/move' }, settles('move'))
  page({ method: 'post', path: '/desk/neighbours/:id/return' }, settles('return'))

  page({ method: 'get', path: '/desk/neighbours/:id/with' }, async (context) => {
    const ask = {
      purpose: purposeOf(context.requester),
      fields: ['household', 'residence', 'departedOn', 'dateOfBirth'] as const,
    }
    return Reply.page(
      await openNeighbour(deps, { town: context.town, by: context.requester }, { id: idIn(context), ask }),
      (neighbour) => <WithPage context={context} who={whoOf(neighbour, context)} />,
    )
  })
  page({ method: 'post', path: '/desk/neighbours/:id/with' }, async (context) => {
    const { town, requester, form } = context
    const who = whoIn(form, form.has('returns'))
    const said = form.get('said')
    const mononym = form.has('mononym')
    const again = { context, who, said: saidAgain(said), mononym }
    const short = shortYearIn(said)
    if (short) return pageOf(<WithPage {...again} fault={saidFaultText(context.t, context.language, short)} />, 422)
    try {
      const found = await searchNeighbours(
        deps,
        { town, by: requester },
        { purpose: purposeOf(requester), criteria: criteriaOf(said, mononym) },
      )
      return Reply.page(found, (shown) => <WithPage {...again} found={shown} />)
    } catch (error) {
      if (!(error instanceof InvalidInput || error instanceof SearchTooWide)) throw error
      return pageOf(<WithPage {...again} fault={context.t['desk.tooWide']} />, 422)
    }
  })
}

const beganIn = (text: string, t: Texts): DateTyped =>
  z.iso.date().safeParse(text).success ? { date: text } : { fault: t['desk.noSuchDay'] }

/** What the form must know of who settles, and nothing that says who they are. */
interface Who {
  version: string
  /** The day the present residence began; empty where there is none. */
  began: string
  returns: boolean
  /** Whether there may be others in the household they leave. */
  others: boolean
  /** Whether a child may be among those who move. */
  minors: boolean
}

const whoOf = (
  { version, departedOn, household, residence, dateOfBirth }: Neighbour,
  { requester, town }: DeskContext,
): Who => ({
  version: String(version),
  began: departedOn === undefined ? (residence?.validFrom ?? '') : '',
  returns: departedOn !== undefined,
  // A household's size leaves out who is protected, whom a supervisor may move.
  others: departedOn === undefined && ((household?.size ?? 1) > 1 || requester.role === 'supervisor'),
  minors:
    (household?.size ?? 1) > 1 ||
    !isOfAge(OF_AGE, { dateOfBirth, day: Temporal.Now.plainDateISO(town.timeZone), leapDay: town.leapDayBirthday }),
})

/** The same, as a form that was drawn with it gives it back. */
const whoIn = (form: Form, returns: boolean): Who => ({
  version: form.get('version'),
  began: form.get('began'),
  returns,
  others: form.has('others'),
  minors: form.has('minors'),
})

/** A move; of somebody who left, their return. */
export function Settle(props: { context: DeskContext; neighbour: Neighbour; idempotencyKey: string }) {
  const { context, neighbour, idempotencyKey } = props
  const { t } = context
  const who = whoOf(neighbour, context)
  const settle = who.returns ? t['desk.return'] : t['desk.move']
  return (
    <Details summary={who.returns ? t['desk.return'] : t['moving.settle']} open={who.returns} button>
      <p>
        <a href={`/desk/neighbours/${neighbour.id}/with`}>{t['moving.moveIn']}</a>
      </p>
      <SettleForm context={context} id={neighbour.id} who={who} idempotencyKey={idempotencyKey} button={settle}>
        <AddressFields context={context} typed={{}} />
      </SettleForm>
    </Details>
  )
}

function SettleForm(props: {
  context: DeskContext
  id: string
  who: Who
  idempotencyKey: string
  button: string
  typed?: Typed
  faults?: Faults
  children: Child
}) {
  const { context, id, who, idempotencyKey, button, typed = {}, faults = {}, children } = props
  const { t, session } = context
  return (
    <PostForm action={`/desk/neighbours/${id}/${who.returns ? 'return' : 'move'}`} csrf={session.csrf}>
      <input type="hidden" name="version" value={who.version} />
      <input type="hidden" name="began" value={who.began} />
      <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
      {who.others ? <input type="hidden" name="others" value="yes" /> : ''}
      {who.minors ? <input type="hidden" name="minors" value="yes" /> : ''}
      <PlainTick t={t} faults={heldBack(typed, t)} />
      {children}
      {who.others ? <Tick name="everyone" label={t['moving.everyone']} on={typed.everyone !== undefined} /> : ''}
      {who.minors ? (
        <Radios
          name="agreement"
          legend={t['moving.minors']}
          value={typed.agreement ?? ''}
          fault={faults.agreement}
          choices={[
            { value: 'all-agree', label: t['moving.minorsAgree'] },
            { value: 'court-order', label: t['moving.minorsCourt'] },
          ]}
        />
      ) : (
        ''
      )}
      <SinceField t={t} typed={typed} fault={faults.since} />
      {who.began ? <Tick name="mistake" label={t['moving.mistake']} on={typed.mistake !== undefined} /> : ''}
      <Button>{button}</Button>
    </PostForm>
  )
}

/** The form once more, with what was typed into it and what is wrong. The record is not opened for it. */
function SettlePage(props: { context: DeskContext; who: Who; typed: Typed; faults: Faults }) {
  const { context, who, typed, faults } = props
  const { t } = context
  const title = who.returns ? t['desk.return'] : t['moving.settle']
  return (
    <Desk context={context} title={title}>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <h1>{title}</h1>
      <SettleForm
        context={context}
        id={idIn(context)}
        who={who}
        idempotencyKey={idempotencyKeyOf(typed)}
        button={who.returns ? t['desk.return'] : t['desk.move']}
        typed={typed}
        faults={faults}
      >
        {typed.join ? (
          <input type="hidden" name="join" value={typed.join} />
        ) : (
          <AddressFields context={context} typed={typed} faults={faults} />
        )}
      </SettleForm>
      <p>
        <a href={`/desk/neighbours/${idIn(context)}`}>{t['desk.back']}</a>
      </p>
    </Desk>
  )
}

/** Whom somebody moves in with: looked for as people say it, and chosen among those found. */
function WithPage(props: {
  context: DeskContext
  who: Who
  said?: string
  mononym?: boolean
  found?: Shown
  fault?: string
}) {
  const { context, who, said = '', mononym = false, found, fault } = props
  const { t, language, session } = context
  const id = idIn(context)
  const others = found?.matches.filter((match) => match.id !== id) ?? []
  return (
    <Desk context={context} title={t['moving.moveIn']} script={deskScript.address}>
      <ErrorSummary title={t['desk.there']} faults={fault ? { said: fault } : {}} />
      <h1>{t['moving.moveIn']}</h1>
      <PostForm action={`/desk/neighbours/${id}/with`} csrf={session.csrf}>
        <input type="hidden" name="version" value={who.version} />
        <input type="hidden" name="began" value={who.began} />
        {who.returns ? <input type="hidden" name="returns" value="yes" /> : ''}
        {who.others ? <input type="hidden" name="others" value="yes" /> : ''}
        {who.minors ? <input type="hidden" name="minors" value="yes" /> : ''}
        <SaidFields t={t} said={said} mononym={mononym} fault={fault} />
        <Button secondary>{t['desk.search']}</Button>
      </PostForm>
      {found && others.length === 0 ? <p role="status">{t['desk.nobody']}</p> : ''}
      {others.length > 0 ? (
        <SettleForm
          context={context}
          id={id}
          who={who}
          idempotencyKey={randomUUID()}
          button={who.returns ? t['desk.return'] : t['desk.move']}
        >
          <Radios
            name="join"
            legend={t['desk.withWhom']}
            heading
            required
            value={others.length === 1 ? (others[0]?.id ?? '') : ''}
            choices={others.map((match) => ({
              value: match.id,
              label: match.name ? nameText(match.name, t['page.newbornOf']) : '…',
              hint: [bornText(language, match.dateOfBirth), match.address ? addressText(match.address) : '']
                .filter(Boolean)
                .join(' · '),
            }))}
          />
          {found?.more ? <p>{t['desk.more']}</p> : ''}
        </SettleForm>
      ) : (
        ''
      )}
      <p>
        <a href={`/desk/neighbours/${id}`}>{t['desk.back']}</a>
      </p>
    </Desk>
  )
}
