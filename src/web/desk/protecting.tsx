import { purposeOf } from '../../firewall/requester.ts'
import { pathTo } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { InvalidInput } from '../../platform/problem.ts'
import { addressText } from '../../proofs/address-text.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import { DistinctBecause, Protection } from '../../registry/model.ts'
import { type Neighbour, openNeighbour } from '../../registry/person/neighbours.ts'
import { protectNeighbour } from '../../registry/person/protect.ts'
import { type Compared, type PerhapsOne, perhapsOnePerson, tellApart } from '../../registry/register/tell-apart.ts'
import { plainIn } from '../plain.tsx'
import { becauseNames } from '../record/registration-names.ts'
import { bornText, dayText, timeText } from '../record/texts.ts'
import type { signedInPages } from '../signed-in.tsx'
import { Button, ErrorSummary, type Faults, Field, PostForm, Select } from '../ui/form.tsx'
import { Fact, Facts, NextPage } from '../ui/parts.tsx'
import { whyText } from '../ui/problem-page.tsx'
import { Desk, type DeskContext, idIn } from './shell.tsx'

/** Hiding a record and showing it again, each asked once more; and who may be one person with somebody who hides. */
export function protectingDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: RegistryDeps): void {
  const ask = async (context: DeskContext, again: { reason?: string; faults?: Faults } = {}, status = 200) => {
    const fields = ['name', 'dateOfBirth'] as const
    const opening = { purpose: purposeOf(context.requester), fields }
    return Reply.page(
      await openNeighbour(deps, { town: context.town, by: context.requester }, { id: idIn(context), ask: opening }),
      (neighbour) => <ProtectPage context={context} neighbour={neighbour} {...again} />,
      status,
    )
  }
  page({ method: 'get', path: '/desk/neighbours/:id/protection', quiet: true }, (context) => ask(context))
  // Hiding is at once. Showing gives somebody away: whoever does it is who signed in a moment ago.
  const showing = { fresh: (form: DeskContext['form']) => form.get('protected') !== 'yes', keep: false } as const
  page({ method: 'post', path: '/desk/neighbours/:id/protection', quiet: true, ...showing }, async (context) => {
    const { town, requester, form, t } = context
    const reason = form.get('reason')
    const again = (wrong: InvalidInput) => ({
      reason,
      faults: { reason: whyText(wrong, t, t['hiding.hideWhyMissing']) },
    })
    const protection = Protection.safeParse({
      protected: form.get('protected') === 'yes',
      ...(reason ? { reason } : {}),
      ...plainIn(form),
    })
    if (!protection.success) return ask(context, again(InvalidInput.of(protection.error)), 422)
    try {
      await protectNeighbour(
        deps,
        { town, by: requester },
        { id: idIn(context), protection: protection.data, version: Number(form.get('version')) },
      )
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error
      return ask(context, again(error), 422)
    }
    return Reply.redirect(pathTo`/desk/neighbours/${idIn(context)}`)
  })
  page({ method: 'get', path: '/desk/perhaps' }, async (context) =>
    Reply.page(
      await perhapsOnePerson(deps, { town: context.town, by: context.requester }, context.query('after')),
      ({ items, more }) => <PerhapsPage context={context} pairs={items} more={more} />,
    ),
  )
  page({ method: 'post', path: '/desk/perhaps' }, async (context) => {
    const because = DistinctBecause.safeParse(context.form.get('because')).data ?? 'they-say-so'
    const id = idIn({ params: { id: context.form.get('written') } })
    await tellApart(deps, { town: context.town, by: context.requester }, { id, because })
    return Reply.redirect('/desk/perhaps')
  })
}

function ProtectPage(props: { context: DeskContext; neighbour: Neighbour; reason?: string; faults?: Faults }) {
  const { context, neighbour, reason = '', faults = {} } = props
  const { t, language, session } = context
  const { id, name, dateOfBirth, version, protected: hides } = neighbour
  const title = hides ? t['hiding.showAgain'] : t['hiding.hide']
  return (
    <Desk context={context} title={title}>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <h1>{title}</h1>
      <Facts>
        <Fact name={t['desk.who']}>
          <bdi data-whom="yes">{name ? nameText(name, t['page.newbornOf']) : '…'}</bdi>
        </Fact>
        <Fact name={t['desk.born']}>{bornText(language, dateOfBirth)}</Fact>
        <Fact name={t['desk.on']}>{t['hiding.hideToday']}</Fact>
      </Facts>
      <p class="lead">{hides ? t['hiding.showAgainLead'] : t['hiding.hideLead']}</p>
      <PostForm action={`/desk/neighbours/${id}/protection`} csrf={session.csrf}>
        <input type="hidden" name="version" value={String(version)} />
        <input type="hidden" name="protected" value={hides ? 'no' : 'yes'} />
        <Field
          name="reason"
          label={t['hiding.hideWhy']}
          value={reason}
          fault={faults.reason}
          lines={2}
          maxlength={500}
          auto
        />
        <Button warning={hides}>{hides ? t['hiding.showAgainSure'] : t['hiding.hideSure']}</Button>
      </PostForm>
      <p>
        <a href={`/desk/neighbours/${id}`}>{t['desk.back']}</a>
      </p>
    </Desk>
  )
}

/** New records beside the hidden ones they resemble: joined, or told apart with a reason. */
function PerhapsPage(props: { context: DeskContext; pairs: readonly PerhapsOne[]; more: string | undefined }) {
  const { context, pairs, more } = props
  const { t, language, town, session } = context
  return (
    <Desk context={context} title={t['join.perhaps']} here="/desk/perhaps">
      <h1>{t['join.perhaps']}</h1>
      <p class="lead">{t['join.perhapsLead']}</p>
      {pairs.length === 0 ? <p>{t['desk.noDrafts']}</p> : ''}
      {pairs.map(({ written, hidden, at }) => (
        <section aria-label={t['join.perhaps']}>
          <div class="pair">
            <Somebody
              context={context}
              title={t['join.perhapsWritten']}
              who={written}
              at={timeText(language, town.timeZone, at)}
            />
            {hidden.map((who) => (
              <Somebody context={context} title={t['join.perhapsHidden']} who={who} />
            ))}
          </div>
          {hidden.map((who) => (
            <p>
              <a class="govuk-button" href={`/desk/neighbours/${who.id}/join?other=${written.id}`}>
                {t['join.perhapsJoin']}
              </a>
            </p>
          ))}
          <PostForm action="/desk/perhaps" csrf={session.csrf}>
            <input type="hidden" name="written" value={written.id} />
            <Select
              name="because"
              id={`because-${written.id}`}
              label={t['desk.because']}
              options={Object.entries(becauseNames(t))}
            />
            <Button secondary>{t['join.perhapsApart']}</Button>
          </PostForm>
        </section>
      ))}
      <NextPage t={t} path="/desk/perhaps" more={more} first={context.query('after') === ''} />
    </Desk>
  )
}

/** One of two records that are compared. */
export function Somebody(props: { context: DeskContext; title: string; who: Compared; at?: string }) {
  const { context, title, who, at } = props
  const { t, language } = context
  return (
    <div>
      <h2>{title}</h2>
      <p>
        <a href={`/desk/neighbours/${who.id}`}>
          <bdi>{who.name ? nameText(who.name, t['page.newbornOf']) : '…'}</bdi>
        </a>
        <br />
        {bornText(language, who.dateOfBirth)}
        <br />
        <bdi>{who.address ? addressText(who.address) : '–'}</bdi>
        <br />
        {t['desk.since']} {dayText(language, who.residence?.residentSince)}
        {who.departedOn ? (
          <>
            <br />
            {t['desk.gone'].replace('{day}', dayText(language, who.departedOn))}
          </>
        ) : (
          ''
        )}
        {at ? (
          <>
            <br />
            {at}
          </>
        ) : (
          ''
        )}
      </p>
    </div>
  )
}
