import { SaysTooMuch } from '../../firewall/free-text.ts'
import { writtenTooMuch } from '../../firewall/plain-words.ts'
import { purposes } from '../../firewall/policies.ts'
import { Reply } from '../../http/reply.ts'
import {
  type DrawnOpening,
  drawnToRead,
  Explained,
  explainDrawn,
  LookUpExplanation,
  ownDrawn,
  readDrawn,
} from '../../oversight/explain-drawn.ts'
import { namesToExplain } from '../../oversight/own-look-ups.ts'
import { NotFound } from '../../platform/problem.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import type { Name } from '../../registry/model.ts'
import { PlainTick, plainIn } from '../plain.tsx'
import { fieldNames } from '../record/look-ups.tsx'
import { timeText } from '../record/texts.ts'
import type { Typed } from '../record/typed.ts'
import type { signedInPages } from '../signed-in.tsx'
import { Button, ErrorSummary, type Faults, Field, PostForm } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { NextPage } from '../ui/parts.tsx'
import { Desk, type DeskContext, idIn } from './shell.tsx'

type Drawn = readonly DrawnOpening[]
type Names = ReadonlyMap<string, Name | undefined>
const boxOf = (id: string) => `reason-${id}`

/** Look-ups drawn by lot: whoever looked says why, and a supervisor reads it. */
export function lookUpsDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: RegistryDeps): void {
  const explain = async (context: DeskContext, typed: Typed = {}, faults: Faults = {}) => {
    const { town, requester } = context
    const own = await ownDrawn(deps, { town, requester, cursor: context.query('after') })
    return Reply.page(
      own.with(await namesToExplain(deps, { town, by: requester })),
      ([{ items, more }, names]) => (
        <ExplainPage context={context} drawn={items} more={more} names={names} typed={typed} faults={faults} />
      ),
      Object.keys(faults).length > 0 ? 422 : 200,
    )
  }
  page({ method: 'get', path: '/desk/look-ups' }, (context) => explain(context))
  // All that were written are kept, and those that cannot be come back beside their box.
  page({ method: 'post', path: '/desk/look-ups' }, async (context) => {
    const { town, requester, form, t } = context
    const faults: Record<string, string> = {}
    const typed: Typed = {}
    for (const [name, text] of form.entries()) {
      const [, id] = /^reason-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(name) ?? []
      if (id === undefined || text.trim() === '') continue
      const said = LookUpExplanation.safeParse({ reason: text, ...plainIn(form) })
      const fault = said.success
        ? await explainDrawn(deps, { town, requester, id, said: said.data }).then(
            () => undefined,
            (error: unknown) => faultOf(error, text, t),
          )
        : text.trim().length > 500
          ? t['hearing.tooLong']
          : t['oversight.drawnShort']
      if (fault === undefined) continue
      faults[name] = fault
      typed[name] = text
    }
    if (Object.keys(faults).length > 0) return explain(context, typed, faults)
    return Reply.redirect('/desk/look-ups')
  })
  page({ method: 'get', path: '/desk/look-ups/drawn' }, async (context) =>
    Reply.page(
      await drawnToRead(deps, { town: context.town, requester: context.requester, cursor: context.query('after') }),
      ({ items, more }) => <DrawnPage context={context} drawn={items} more={more} />,
    ),
  )
  page({ method: 'post', path: '/desk/look-ups/drawn' }, async ({ town, requester, form }) => {
    await readDrawn(deps, { town, requester, id: idIn({ params: { id: form.get('lookUp') } }) })
    return Reply.redirect('/desk/look-ups/drawn')
  })
}

/** Why one explanation was not kept; nothing where it was there already. */
function faultOf(error: unknown, text: string, t: Texts): string | undefined {
  if (error instanceof SaysTooMuch) return t['desk.sensitive'].replace('{word}', writtenTooMuch(text) ?? '…')
  if (error instanceof Explained || error instanceof NotFound) return undefined
  throw error
}

/** What one looked at on earlier days, to say why. */
function ExplainPage(props: {
  context: DeskContext
  drawn: Drawn
  more: string | undefined
  names: Names
  typed: Typed
  faults: Faults
}) {
  const { context, drawn, more, names, typed, faults } = props
  const { t, session } = context
  return (
    <Desk context={context} title={t['oversight.drawn']} here="/desk/work">
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <h1>{t['oversight.drawn']}</h1>
      <p class="lead">{t['oversight.drawnLead']}</p>
      {drawn.length === 0 ? <p>{t['desk.noDrafts']}</p> : ''}
      <PostForm action="/desk/look-ups" csrf={session.csrf}>
        <ul class="cards">
          {drawn.map((one) => {
            const name = names.get(one.neighbourId)
            const box = boxOf(one.id)
            return (
              <li>
                <h2>
                  <bdi>{name ? nameText(name, t['page.newbornOf']) : '…'}</bdi>
                </h2>
                <LookUp context={context} one={one} />
                <Field
                  name={box}
                  label={t['oversight.drawnWhy']}
                  value={typed[box] ?? ''}
                  fault={faults[box]}
                  lines={2}
                  maxlength={500}
                  auto
                />
              </li>
            )
          })}
        </ul>
        <PlainTick t={t} faults={faults} />
        {drawn.length === 0 ? '' : <Button>{t['desk.save']}</Button>}
      </PostForm>
      <NextPage t={t} path="/desk/look-ups" more={more} first={context.query('after') === ''} />
    </Desk>
  )
}

/** What colleagues said about what was drawn. */
function DrawnPage(props: { context: DeskContext; drawn: Drawn; more: string | undefined }) {
  const { context, drawn, more } = props
  const { t, session, requester } = context
  return (
    <Desk context={context} title={t['oversight.drawnRead']} here="/desk/flags">
      <h1>{t['oversight.drawnRead']}</h1>
      <p class="lead">{t['oversight.drawnReadLead']}</p>
      {drawn.length === 0 ? <p>{t['desk.noFlags']}</p> : ''}
      <ul class="cards">
        {drawn.map((one) => (
          <li>
            <LookUp context={context} one={one} />
            <p>
              <bdi>{one.staff}</bdi>:{' '}
              {one.reason === undefined ? t['oversight.drawnWaits'] : <q dir="auto">{one.reason}</q>}
            </p>
            {requester.role === 'supervisor' ? (
              <p>
                <a href={`/desk/neighbours/${one.neighbourId}`}>{t['oversight.drawnRecord']}</a>
              </p>
            ) : (
              ''
            )}
            {one.staff === requester.id ? (
              ''
            ) : (
              <PostForm action="/desk/look-ups/drawn" csrf={session.csrf}>
                <Button secondary name="lookUp" value={one.id}>
                  {t['desk.reviewed']}
                </Button>
              </PostForm>
            )}
          </li>
        ))}
      </ul>
      <NextPage t={t} path="/desk/look-ups/drawn" more={more} first={context.query('after') === ''} />
    </Desk>
  )
}

/** When it was, for what, and under which case. */
function LookUp(props: { context: DeskContext; one: DrawnOpening }) {
  const { context, one } = props
  const { t, language, town } = context
  return (
    <p>
      <strong>{timeText(language, town.timeZone, one.seenAt)}</strong> ·{' '}
      {purposes.get(one.purpose)?.title[language] ?? t['firewall.whyOther']} ·{' '}
      {one.case ? (
        <>
          {t['desk.case']} <bdi>{one.case}</bdi>
        </>
      ) : (
        t['oversight.flagNoCase']
      )}
      <br />
      <small>{fieldNames(one.fields, t, language)}</small>
    </p>
  )
}
