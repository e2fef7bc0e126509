import { randomUUID } from 'node:crypto'
import { pathTo } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { InvalidInput, NotFound } from '../../platform/problem.ts'
import { isUuid } from '../../platform/uuid.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import {
  decideErasure,
  type Ends,
  type Erasures,
  type ErasureToDecide,
  GROUNDS,
  Ground,
  openErasures,
  proposeErasure,
} from '../../registry/departure/erase.ts'
import { bornText, dayText, timeText } from '../record/texts.ts'
import type { signedInPages } from '../signed-in.tsx'
import { Button, PostForm, Select, Tick } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { Details, Fact, Facts, NextPage } from '../ui/parts.tsx'
import { Desk, type DeskContext } from './shell.tsx'

type Pages = ReturnType<typeof signedInPages<'staff'>>

/** Forgetting somebody who has left: a supervisor proposes, a legal officer decides. */
export function erasureDesk(page: Pages, deps: ProofDeps): void {
  page(
    { method: 'post', path: '/desk/neighbours/:id/erase', fresh: true },
    async ({ town, requester, params: { id = '' }, form }) => {
      const ground = Ground.safeParse(form.get('ground'))
      if (!isUuid(id)) throw new NotFound()
      if (!ground.success) throw new InvalidInput([{ pointer: '/ground', detail: 'Choose why.' }])
      await proposeErasure(
        deps,
        { town, by: requester },
        {
          neighbourId: id,
          wish: { ground: ground.data, asked: form.has('asked') },
          idempotencyKey: `desk ${form.get('idempotencyKey') || randomUUID()} erase`,
        },
      )
      return Reply.redirect(pathTo`/desk/neighbours/${id}`)
    },
  )
  page({ method: 'get', path: '/desk/erasures' }, async (context) =>
    Reply.page(
      await openErasures(deps, { town: context.town, by: context.requester }, context.query('after')),
      (erasures) => <ErasuresPage context={context} erasures={erasures} />,
    ),
  )
  page({ method: 'post', path: '/desk/erasures', fresh: true }, async ({ town, requester, form }) => {
    const id = form.get('erasure')
    if (!isUuid(id)) throw new NotFound()
    const approves = form.get('act') === 'erase'
    if (approves && !form.has('sure'))
      throw new InvalidInput([{ pointer: '/sure', detail: 'Tick that you are sure: nothing brings it back.' }])
    await decideErasure(deps, town, { legal: requester, id, approves })
    return Reply.redirect('/desk/erasures')
  })
}

export const groundNames = (t: Texts): Record<Ground, string> => ({
  'time-over': t['erasure.over'],
  'wrongly-registered': t['desk.wrongly'],
  duplicate: t['desk.duplicate'],
  court: t['erasure.court'],
})

/** On the page of somebody who has left. */
export function EraseBox(props: { context: DeskContext; id: string; idempotencyKey: string }) {
  const { context, id, idempotencyKey } = props
  const { t, session } = context
  const names = groundNames(t)
  return (
    <Details summary={t['erasure.propose']}>
      <PostForm action={`/desk/neighbours/${id}/erase`} csrf={session.csrf}>
        <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
        <p class="govuk-hint">{t['erasure.lead']}</p>
        <Select
          name="ground"
          label={t['erasure.ground']}
          options={GROUNDS.map((ground) => [ground, names[ground]] as const)}
        />
        <Tick name="asked" label={t['erasure.asked']} on={false} />
        <Button>{t['erasure.propose']}</Button>
      </PostForm>
    </Details>
  )
}

function ErasuresPage(props: { context: DeskContext; erasures: Erasures }) {
  const {
    context,
    erasures: { items, more, ends, decided },
  } = props
  const { t, language, town, session } = context
  const names = groundNames(t)
  return (
    <Desk context={context} title={t['erasure.title']} here="/desk/erasures">
      <h1>{t['erasure.title']}</h1>
      <p class="lead">{t['erasure.lead']}</p>
      {items.length === 0 ? <p>{t['desk.noDrafts']}</p> : ''}
      <ul class="cards">
        {items.map((erasure) => (
          <li>
            <strong>{names[erasure.ground]}</strong> · {timeText(language, town.timeZone, erasure.proposedAt)} ·{' '}
            <bdi>{erasure.proposedBy}</bdi>
            <Facts>
              {linesOf(erasure, context).map(([name, value]) => (
                <Fact name={name}>
                  <bdi>{value}</bdi>
                </Fact>
              ))}
            </Facts>
            <p>{endsText(ends, context)}</p>
            <PostForm action="/desk/erasures" csrf={session.csrf}>
              <input type="hidden" name="erasure" value={erasure.id} />
              <Tick name="sure" id={`sure-${erasure.id}`} label={t['erasure.sure']} on={false} />
              <p class="govuk-button-group">
                <Button name="act" value="erase">
                  {t['erasure.erase']}
                </Button>
                <Button secondary name="act" value="refuse">
                  {t['desk.refuse']}
                </Button>
              </p>
            </PostForm>
          </li>
        ))}
      </ul>
      {decided.length === 0 ? (
        ''
      ) : (
        <>
          <h2>{t['erasure.decided']}</h2>
          <ul class="cards">
            {decided.map((one) => (
              <li>
                <strong>{dayText(language, one.decidedOn)}</strong>
                <p>{one.gone ? goneText(one, context) : endsText(one, context)}</p>
              </li>
            ))}
          </ul>
        </>
      )}
      <NextPage t={t} path="/desk/erasures" more={more} first={context.query('after') === ''} />
    </Desk>
  )
}

/** From which morning on nothing here opens it, and until when whoever keeps the backups can. */
const endsText = ({ goneOn, backupsUntil }: Ends, { t, language }: DeskContext) =>
  t['erasure.ends'].replace('{gone}', dayText(language, goneOn)).replace('{backups}', dayText(language, backupsUntil))
const goneText = ({ backupsUntil }: Ends, { t, language }: DeskContext) =>
  t['erasure.gone'].replace('{backups}', dayText(language, backupsUntil))

/** Who it is, since when they have left, whether they asked, and what is open about them. */
function linesOf(erasure: ErasureToDecide, { t, language }: DeskContext): [string, string][] {
  const { proceedings, questions, orders, flags } = erasure.open
  const open = [
    [proceedings, t['desk.proceedings']],
    [questions, t['complaint.desk']],
    [orders, t['desk.demands']],
    [flags, t['desk.flags']],
  ] as const
  const waits = open.filter(([count]) => count > 0).map(([count, name]) => `${name}: ${count}`)
  return [
    [t['desk.who'], erasure.name ? nameText(erasure.name, t['page.newbornOf']) : t['erasure.hidden']],
    [t['desk.born'], bornText(language, erasure.dateOfBirth)],
    [t['erasure.left'], dayText(language, erasure.departedOn)],
    [t['erasure.askedThem'], erasure.asked ? t['erasure.yes'] : t['erasure.no']],
    [t['erasure.open'], waits.join(' · ') || t['erasure.nothing']],
  ]
}
