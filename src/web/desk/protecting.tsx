import { purposeOf } from '../../firewall/requester.ts'
import { pathTo } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { InvalidInput } from '../../platform/problem.ts'
import { addressText } from '../../proofs/address-text.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import { DistinctBecause, Protection } from '../../registry/model.ts'
import { type Neighbour, openNeighbour } from '../../registry/person/neighbours.ts'
import { protectNeighbour } from '../../registry/person/protection.ts'
import { type Compared, type PerhapsOne, perhapsOnePerson, tellApart } from '../../registry/register/likenesses.ts'
import { plainIn } from '../plain.tsx'
import { becauseNames } from '../record/registration-names.ts'
import { bornText, dayText, timeText } from '../record/texts.ts'
import type { signedInPages } from '../signed-in.tsx'
import { Button, ErrorSummary, type Faults, Field, PostForm, Select } from '../ui/form.tsx'
import { Fact, Facts, NextPage } from '../ui/parts.tsx'
import { whyText } from '../ui/problem-page.tsx'
import { Desk, type DeskVisit, idIn } from './shell.tsx'

/** Hiding a record and showing it again, each asked once more; and who may be one person with somebody who hides. */
export function protectingDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: RegistryDeps): void {
  const ask = async (visit: DeskVisit, again: { reason?: string; faults?: Faults } = {}, status = 200) => {
    const fields = ['name', 'dateOfBirth'] as const
    const opening = { purpose: purposeOf(visit.requester), fields }
    return Reply.page(
      await openNeighbour(deps, visit.town, visit.requester, idIn(visit), opening),
      (neighbour) => <ProtectPage visit={visit} neighbour={neighbour} {...again} />,
      status,
    )
  }
  page({ method: 'get', path: '/desk/neighbours/:id/protection' }, (visit) => ask(visit))
  // Hiding is at once. Showing gives somebody away: whoever does it is who signed in a moment ago.
  const showing = { fresh: (form: DeskVisit['form']) => form.get('protected') !== 'yes', keep: false } as const
  page({ method: 'post', path: '/desk/neighbours/:id/protection', quiet: true, ...showing }, async (visit) => {
    const { town, requester, form, t } = visit
    const reason = form.get('reason')
    const again = (wrong: InvalidInput) => ({ reason, faults: { reason: whyText(wrong, t, t.dHideWhyMissing) } })
    const asked = Protection.safeParse({
      protected: form.get('protected') === 'yes',
      ...(reason ? { reason } : {}),
      ...plainIn(form),
    })
    if (!asked.success) return ask(visit, again(InvalidInput.of(asked.error)), 422)
    try {
      await protectNeighbour(deps, town, requester, idIn(visit), asked.data, Number(form.get('version')))
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error
      return ask(visit, again(error), 422)
    }
    return Reply.redirect(pathTo`/desk/neighbours/${idIn(visit)}`)
  })
  page({ method: 'get', path: '/desk/perhaps' }, async (visit) =>
    Reply.page(await perhapsOnePerson(deps, visit.town, visit.requester, visit.query('after')), ({ items, more }) => (
      <PerhapsPage visit={visit} pairs={items} more={more} />
    )),
  )
  page({ method: 'post', path: '/desk/perhaps' }, async (visit) => {
    const because = DistinctBecause.safeParse(visit.form.get('because')).data ?? 'they-say-so'
    const id = idIn({ params: { id: visit.form.get('written') } })
    await tellApart(deps, visit.town, visit.requester, id, because)
    return Reply.redirect('/desk/perhaps')
  })
}

function ProtectPage(props: { visit: DeskVisit; neighbour: Neighbour; reason?: string; faults?: Faults }) {
  const { visit, neighbour, reason = '', faults = {} } = props
  const { t, language, session } = visit
  const { id, name, dateOfBirth, version, protected: hides } = neighbour
  const title = hides ? t.dShowAgain : t.dHide
  return (
    <Desk visit={visit} title={title}>
      <ErrorSummary title={t.dThere} faults={faults} />
      <h1>{title}</h1>
      <Facts>
        <Fact name={t.dWho}>
          <bdi data-whom="yes">{name ? nameText(name, t.newbornOf) : '…'}</bdi>
        </Fact>
        <Fact name={t.dBorn}>{bornText(language, dateOfBirth)}</Fact>
        <Fact name={t.dOn}>{t.dHideToday}</Fact>
      </Facts>
      <p class="lead">{hides ? t.dShowAgainLead : t.dHideLead}</p>
      <PostForm action={`/desk/neighbours/${id}/protection`} csrf={session.csrf}>
        <input type="hidden" name="version" value={String(version)} />
        <input type="hidden" name="protected" value={hides ? 'no' : 'yes'} />
        <Field name="reason" label={t.dHideWhy} value={reason} fault={faults.reason} lines={2} maxlength={500} auto />
        <button type="submit" class={`govuk-button${hides ? ' govuk-button--warning' : ''}`}>
          {hides ? t.dShowAgainSure : t.dHideSure}
        </button>
      </PostForm>
      <p>
        <a href={`/desk/neighbours/${id}`}>{t.dBack}</a>
      </p>
    </Desk>
  )
}

/** New records beside the hidden ones they resemble: joined, or told apart with a reason. */
function PerhapsPage(props: { visit: DeskVisit; pairs: readonly PerhapsOne[]; more: string | undefined }) {
  const { visit, pairs, more } = props
  const { t, language, town, session } = visit
  return (
    <Desk visit={visit} title={t.dPerhaps} here="/desk/perhaps">
      <h1>{t.dPerhaps}</h1>
      <p class="lead">{t.dPerhapsLead}</p>
      {pairs.length === 0 ? <p>{t.dNoDrafts}</p> : ''}
      {pairs.map(({ written, hidden, at }) => (
        <section aria-label={t.dPerhaps}>
          <div class="pair">
            <Somebody
              visit={visit}
              title={t.dPerhapsWritten}
              who={written}
              at={timeText(language, town.timeZone, at)}
            />
            {hidden.map((who) => (
              <Somebody visit={visit} title={t.dPerhapsHidden} who={who} />
            ))}
          </div>
          {hidden.map((who) => (
            <p>
              <a class="govuk-button" href={`/desk/neighbours/${who.id}/join?other=${written.id}`}>
                {t.dPerhapsJoin}
              </a>
            </p>
          ))}
          <PostForm action="/desk/perhaps" csrf={session.csrf}>
            <input type="hidden" name="written" value={written.id} />
            <Select
              name="because"
              id={`because-${written.id}`}
              label={t.dBecause}
              options={Object.entries(becauseNames(t))}
            />
            <Button secondary>{t.dPerhapsApart}</Button>
          </PostForm>
        </section>
      ))}
      <NextPage t={t} path="/desk/perhaps" more={more} first={visit.query('after') === ''} />
    </Desk>
  )
}

/** One of two records that are compared. */
export function Somebody(props: { visit: DeskVisit; title: string; who: Compared; at?: string }) {
  const { visit, title, who, at } = props
  const { t, language } = visit
  return (
    <div>
      <h2>{title}</h2>
      <p>
        <a href={`/desk/neighbours/${who.id}`}>
          <bdi>{who.name ? nameText(who.name, t.newbornOf) : '…'}</bdi>
        </a>
        <br />
        {bornText(language, who.dateOfBirth)}
        <br />
        <bdi>{who.address ? addressText(who.address) : '–'}</bdi>
        <br />
        {t.dSince} {dayText(language, who.residence?.residentSince)}
        {who.departedOn ? (
          <>
            <br />
            {t.dGone.replace('{day}', dayText(language, who.departedOn))}
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
