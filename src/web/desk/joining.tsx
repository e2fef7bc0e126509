import { randomUUID } from 'node:crypto'
import { purposeOf } from '../../firewall/requester.ts'
import { pathTo } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { InvalidInput } from '../../platform/problem.ts'
import { isUuid, uuidIn } from '../../platform/uuid.ts'
import { addressText } from '../../proofs/address-text.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import { CannotJoin, type Joinable } from '../../registry/person/join/join-rules.ts'
import {
  ApartProposal,
  compareRecords,
  decideJoin,
  type Join,
  type Joined,
  JoinProposal,
  joinedWith,
  joinsWaiting,
  proposeApart,
  proposeJoin,
} from '../../registry/person/join/propose-join.ts'
import { SearchTooWide, searchNeighbours } from '../../registry/search/search.ts'
import { plainIn } from '../plain.tsx'
import { saidFaultText } from '../record/dates.ts'
import { bornText } from '../record/texts.ts'
import type { signedInPages } from '../signed-in.tsx'
import { Button, ErrorSummary, type Faults, Field, PostForm, Radios } from '../ui/form.tsx'
import { NextPage } from '../ui/parts.tsx'
import { reasonText, whyText } from '../ui/problem-page.tsx'
import { Somebody } from './protecting.tsx'
import { criteriaOf, saidAgain, shortYearIn } from './query.ts'
import { deskScript } from './script.ts'
import { SaidFields, type Shown } from './search-page.tsx'
import { Desk, type DeskContext, idempotencyKeyIn, idIn } from './shell.tsx'

/** Two records of one person, side by side: proposed by one, decided by another, and taken apart in the same way. */
export function joiningDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: RegistryDeps): void {
  const path = '/desk/neighbours/:id/join' as const
  const both = async (
    context: DeskContext,
    {
      other,
      again = {},
      status = 200,
    }: { other: string; again?: { reason?: string; faults?: Faults } | undefined; status?: number | undefined },
  ) =>
    Reply.page(
      await compareRecords(
        deps,
        { town: context.town, by: context.requester },
        { stays: idIn(context), joined: other },
      ),
      (pair) => <JoinPage context={context} {...pair} {...again} />,
      status,
    )
  page({ method: 'get', path }, async (context) => {
    const other = context.query('other')
    if (isUuid(other)) return both(context, { other })
    return Reply.page(
      await joinedWith(deps, { town: context.town, by: context.requester }, idIn(context)),
      (joined) => <FindPage context={context} joined={joined} />,
    )
  })
  page({ method: 'post', path: `${path}/find` }, async (context) => {
    const { town, requester, form } = context
    const chosen = uuidIn(form.get('other'))
    if (chosen) return Reply.redirect(pathTo`/desk/neighbours/${idIn(context)}/join?other=${chosen}`)
    const joined = await joinedWith(deps, { town, by: requester }, idIn(context))
    const said = form.get('said')
    const again = { context, said: saidAgain(said), mononym: form.has('mononym') }
    const short = shortYearIn(said)
    if (short) {
      const fault = saidFaultText(context.t, context.language, short)
      return Reply.page(joined, (known) => <FindPage {...again} joined={known} fault={fault} />, 422)
    }
    try {
      const criteria = criteriaOf(said, form.has('mononym'))
      const found = await searchNeighbours(deps, { town, by: requester }, { purpose: purposeOf(requester), criteria })
      return Reply.page(joined.with(found), ([known, shown]) => <FindPage {...again} joined={known} found={shown} />)
    } catch (error) {
      if (!(error instanceof InvalidInput || error instanceof SearchTooWide)) throw error
      return Reply.page(
        joined,
        (known) => <FindPage {...again} joined={known} fault={context.t['desk.tooWide']} />,
        422,
      )
    }
  })
  page({ method: 'post', path }, async (context) => {
    const { town, requester, form, t } = context
    const reason = form.get('reason')
    const parsed = JoinProposal.safeParse({ other: form.get('other'), reason, ...plainIn(form) })
    if (!parsed.success) {
      const faults = { reason: whyText(InvalidInput.of(parsed.error), t, t['join.joinWhyMissing']) }
      return both(context, { other: form.get('other'), again: { reason, faults }, status: 422 })
    }
    try {
      await proposeJoin(
        deps,
        { town, by: requester },
        { id: idIn(context), proposal: parsed.data, idempotencyKey: idempotencyKeyIn(context, 'join') },
      )
    } catch (error) {
      if (!(error instanceof CannotJoin)) throw error
      return both(context, {
        other: parsed.data.other,
        again: { reason, faults: { reason: reasonText(error.code, t) } },
        status: 409,
      })
    }
    return Reply.redirect('/desk/joins')
  })
  page({ method: 'post', path: `${path}/apart` }, async (context) => {
    const { town, requester, form, t } = context
    const ids = { stays: idIn(context), joined: idIn({ params: { id: form.get('other') } }) }
    const reason = form.get('reason')
    const again = async (fault: string, status: number) =>
      Reply.page(
        await joinedWith(deps, { town, by: requester }, ids.stays),
        (joined) => <FindPage context={context} joined={joined} reason={reason} faults={{ reason: fault }} />,
        status,
      )
    const parsed = ApartProposal.safeParse({ reason, ...plainIn(form) })
    if (!parsed.success) return again(whyText(InvalidInput.of(parsed.error), t, t['join.joinWhyMissing']), 422)
    try {
      await proposeApart(
        deps,
        { town, by: requester },
        { ids, proposal: parsed.data, idempotencyKey: idempotencyKeyIn(context, 'apart') },
      )
    } catch (error) {
      if (!(error instanceof CannotJoin)) throw error
      return again(reasonText(error.code, t), 409)
    }
    return Reply.redirect('/desk/joins')
  })
  const waiting = async (context: DeskContext, fault?: string, status = 200) =>
    Reply.page(
      await joinsWaiting(deps, { town: context.town, by: context.requester }, context.query('after')),
      ({ items, more }) => (
        <JoinsPage context={context} joins={items} more={more} faults={fault ? { join: fault } : {}} />
      ),
      status,
    )
  page({ method: 'get', path: '/desk/joins' }, (context) => waiting(context))
  page({ method: 'post', path: '/desk/joins' }, async (context) => {
    const { town, requester, form, t } = context
    const at = { id: idIn({ params: { id: form.get('join') } }), staysId: idIn({ params: { id: form.get('stays') } }) }
    const decision = form.get('decision') === 'approved' ? 'approved' : 'refused'
    try {
      await decideJoin(
        deps,
        { town, by: requester },
        { at, decision, idempotencyKey: idempotencyKeyIn(context, 'decide-join') },
      )
    } catch (error) {
      if (!(error instanceof CannotJoin)) throw error
      return waiting(context, reasonText(error.code, t), 409)
    }
    return Reply.redirect('/desk/joins')
  })
}

/** Who else this is, looked for as people say it; and what the record was joined with before. */
function FindPage(props: {
  context: DeskContext
  joined: Joined
  said?: string
  mononym?: boolean
  found?: Shown
  fault?: string
  reason?: string
  faults?: Faults
}) {
  const { context, joined, said = '', mononym = false, found, fault, reason = '', faults = {} } = props
  const { t, language, session } = context
  const id = idIn(context)
  const others = found?.matches.filter((match) => match.id !== id) ?? []
  return (
    <Desk context={context} title={t['join.join']} script={deskScript.address}>
      <ErrorSummary title={t['desk.there']} faults={{ ...faults, ...(fault ? { said: fault } : {}) }} />
      <h1>{t['join.join']}</h1>
      {joined.to ? (
        <p class="govuk-inset-text">
          <a href={`/desk/neighbours/${joined.to}`}>{t['join.joinedTo']}</a>
        </p>
      ) : (
        <PostForm action={`/desk/neighbours/${id}/join/find`} csrf={session.csrf}>
          <h2>{t['join.joinFind']}</h2>
          <SaidFields t={t} said={said} mononym={mononym} fault={fault} />
          {found && others.length === 0 ? <p role="status">{t['desk.nobody']}</p> : ''}
          {others.length > 0 ? (
            <Radios
              name="other"
              legend={t['desk.found']}
              value=""
              choices={others.map((match) => ({
                value: match.id,
                label: match.name ? nameText(match.name, t['page.newbornOf']) : '…',
                hint: [bornText(language, match.dateOfBirth), match.address ? addressText(match.address) : '']
                  .filter(Boolean)
                  .join(' · '),
              }))}
            />
          ) : (
            ''
          )}
          <Button>{others.length > 0 ? t['desk.continue'] : t['desk.search']}</Button>
        </PostForm>
      )}
      {joined.with.map((other) => (
        <PostForm action={`/desk/neighbours/${id}/join/apart`} csrf={session.csrf}>
          <input type="hidden" name="other" value={other} />
          <input type="hidden" name="idempotencyKey" value={randomUUID()} />
          <h2>{t['join.apart']}</h2>
          <p>
            <a href={`/desk/neighbours/${other}`}>{t['desk.joined']}</a>
          </p>
          <Field
            name="reason"
            label={t['join.apartWhy']}
            value={reason}
            fault={faults.reason}
            lines={2}
            maxlength={500}
            auto
          />
          <Button warning>{t['join.joinPropose']}</Button>
        </PostForm>
      ))}
      <p>
        <a href={`/desk/neighbours/${id}`}>{t['desk.back']}</a>
      </p>
    </Desk>
  )
}

function JoinPage(props: {
  context: DeskContext
  stays: Joinable
  joined: Joinable
  reason?: string
  faults?: Faults
}) {
  const { context, stays, joined, reason = '', faults = {} } = props
  const { t, session } = context
  return (
    <Desk context={context} title={t['join.join']}>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <h1>{t['join.join']}</h1>
      <p class="lead">{t['join.joinLead']}</p>
      <div class="pair">
        <Somebody context={context} title={t['join.joinStays']} who={stays} />
        <Somebody context={context} title={t['join.joinOther']} who={joined} />
      </div>
      <p>
        <a href={`/desk/neighbours/${joined.id}/join?other=${stays.id}`}>{t['join.joinSwap']}</a>
      </p>
      <PostForm action={`/desk/neighbours/${stays.id}/join`} csrf={session.csrf}>
        <input type="hidden" name="other" value={joined.id} />
        <input type="hidden" name="idempotencyKey" value={randomUUID()} />
        <Field
          name="reason"
          label={t['join.joinWhy']}
          value={reason}
          fault={faults.reason}
          lines={2}
          maxlength={500}
          auto
        />
        <Button>{t['join.joinPropose']}</Button>
      </PostForm>
      <p>
        <a href={`/desk/neighbours/${stays.id}`}>{t['desk.back']}</a>
      </p>
    </Desk>
  )
}

/** What waits for a second person. */
function JoinsPage(props: { context: DeskContext; joins: readonly Join[]; faults: Faults; more: string | undefined }) {
  const { context, joins, faults, more } = props
  const { t, session } = context
  return (
    <Desk context={context} title={t['join.joins']}>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <h1>{t['join.joins']}</h1>
      <div id="join">
        {joins.length === 0 ? <p>{t['desk.noDrafts']}</p> : ''}
        {joins.map(({ id, what, stays, joined, reason, mine }) => (
          <section aria-label={t['join.joins']}>
            {what === 'apart' ? <h2>{t['join.joinsApart']}</h2> : ''}
            <div class="pair">
              <Somebody context={context} title={t['join.joinStays']} who={stays} />
              <Somebody context={context} title={t['join.joinOther']} who={joined} />
            </div>
            <p>
              <bdi>{reason}</bdi>
            </p>
            <PostForm action="/desk/joins" csrf={session.csrf}>
              <input type="hidden" name="join" value={id} />
              <input type="hidden" name="stays" value={stays.id} />
              <input type="hidden" name="idempotencyKey" value={randomUUID()} />
              {mine ? <p class="govuk-hint">{t['join.joinMine']}</p> : ''}
              <p class="govuk-button-group">
                {mine ? (
                  ''
                ) : (
                  <Button name="decision" value="approved">
                    {t['join.joinApprove']}
                  </Button>
                )}
                <Button secondary name="decision" value="refused">
                  {t['join.joinRefuse']}
                </Button>
              </p>
            </PostForm>
          </section>
        ))}
      </div>
      <NextPage t={t} path="/desk/joins" more={more} first={context.query('after') === ''} />
    </Desk>
  )
}
