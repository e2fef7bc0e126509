import {
  type DrawnOpening,
  drawnToRead,
  explainDrawn,
  LookUpExplanation,
  ownDrawn,
  readDrawn,
} from '../firewall/drawn.ts'
import { purposes } from '../firewall/policies.ts'
import { Reply } from '../firewall/reply.ts'
import type { StaffRole } from '../firewall/requester.ts'
import { NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import { Csrf, ErrorSummary, type Faults, Field } from '../ui/form.tsx'
import { plainIn } from '../ui/plain.tsx'
import type { signedInPages } from '../ui/signed-in.tsx'
import { Desk, type DeskVisit, timeText } from './shell.tsx'

const COUNTER: readonly StaffRole[] = ['clerk', 'supervisor']
const OVERSEERS: readonly StaffRole[] = ['supervisor', 'auditor']

/** Look-ups drawn by lot: whoever looked says why, and a supervisor reads it. */
export function lookUpsDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: RegistryDeps): void {
  page({ method: 'get', path: '/desk/look-ups', roles: COUNTER }, async (visit) =>
    Reply.page(await ownDrawn(deps, visit.town, visit.requester), (drawn) => (
      <ExplainPage visit={visit} drawn={drawn} />
    )),
  )
  page({ method: 'post', path: '/desk/look-ups', roles: COUNTER }, async (visit) => {
    const { town, requester, form, t } = visit
    const id = idOf(form.get('lookUp'))
    const said = LookUpExplanation.safeParse({ reason: form.get('reason'), ...plainIn(form) })
    if (!said.success) {
      const typed = { id, text: form.get('reason'), fault: t.dDrawnShort }
      return Reply.page(
        await ownDrawn(deps, town, requester),
        (drawn) => <ExplainPage visit={visit} drawn={drawn} typed={typed} />,
        422,
      )
    }
    await explainDrawn(deps, town, requester, id, said.data)
    return Reply.redirect('/desk/look-ups')
  })
  page({ method: 'get', path: '/desk/look-ups/drawn', roles: OVERSEERS }, async (visit) =>
    Reply.page(await drawnToRead(deps, visit.town, visit.requester), (drawn) => (
      <DrawnPage visit={visit} drawn={drawn} />
    )),
  )
  page({ method: 'post', path: '/desk/look-ups/drawn', roles: OVERSEERS }, async ({ town, requester, form }) => {
    await readDrawn(deps, town, requester, idOf(form.get('lookUp')))
    return Reply.redirect('/desk/look-ups/drawn')
  })
}

function idOf(text: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) throw new NotFound()
  return text
}

/** What one looked at on earlier days, to say why. */
function ExplainPage(props: {
  visit: DeskVisit
  drawn: readonly DrawnOpening[]
  typed?: { id: string; text: string; fault: string }
}) {
  const { visit, drawn, typed } = props
  const { t, session } = visit
  const faults: Faults = typed ? { [`reason-${typed.id}`]: typed.fault } : {}
  return (
    <Desk visit={visit} title={t.dDrawn} here="/desk/work">
      <ErrorSummary title={t.dThere} faults={faults} />
      <h1>{t.dDrawn}</h1>
      <p class="lead">{t.dDrawnLead}</p>
      {drawn.length === 0 ? <p>{t.dNoDrafts}</p> : ''}
      <ul class="cards">
        {drawn.map((one) => (
          <li>
            <LookUp visit={visit} one={one} />
            <p>
              <a href={`/desk/neighbours/${one.neighbourId}`}>{t.dDrawnRecord}</a>
            </p>
            <form method="post" action="/desk/look-ups">
              <Csrf token={session.csrf} />
              <input type="hidden" name="lookUp" value={one.id} />
              <Field
                name="reason"
                id={`reason-${one.id}`}
                label={t.dDrawnWhy}
                value={typed?.id === one.id ? typed.text : ''}
                fault={faults[`reason-${one.id}`]}
                lines={2}
                maxlength={500}
                required
                auto
              />
              <button type="submit" class="govuk-button">
                {t.dSave}
              </button>
            </form>
          </li>
        ))}
      </ul>
    </Desk>
  )
}

/** What colleagues said about what was drawn. */
function DrawnPage(props: { visit: DeskVisit; drawn: readonly DrawnOpening[] }) {
  const { visit, drawn } = props
  const { t, session, requester } = visit
  return (
    <Desk visit={visit} title={t.dDrawnRead} here="/desk/flags">
      <h1>{t.dDrawnRead}</h1>
      <p class="lead">{t.dDrawnReadLead}</p>
      {drawn.length === 0 ? <p>{t.dNoFlags}</p> : ''}
      <ul class="cards">
        {drawn.map((one) => (
          <li>
            <LookUp visit={visit} one={one} />
            <p>
              <bdi>{one.staff}</bdi>: {one.reason === undefined ? t.dDrawnWaits : <q dir="auto">{one.reason}</q>}
            </p>
            {requester.role === 'supervisor' ? (
              <p>
                <a href={`/desk/neighbours/${one.neighbourId}`}>{t.dDrawnRecord}</a>
              </p>
            ) : (
              ''
            )}
            {one.staff === requester.id ? (
              ''
            ) : (
              <form method="post" action="/desk/look-ups/drawn">
                <Csrf token={session.csrf} />
                <button type="submit" name="lookUp" value={one.id} class="govuk-button govuk-button--secondary">
                  {t.dReviewed}
                </button>
              </form>
            )}
          </li>
        ))}
      </ul>
    </Desk>
  )
}

/** When it was, for what, and under which case. */
function LookUp(props: { visit: DeskVisit; one: DrawnOpening }) {
  const { visit, one } = props
  const { t, language, town } = visit
  return (
    <>
      <strong>{timeText(language, town.timeZone, one.seenAt)}</strong> ·{' '}
      {purposes.get(one.purpose)?.title[language] ?? t.whyOther} ·{' '}
      {one.case ? (
        <>
          {t.dCase} <bdi>{one.case}</bdi>
        </>
      ) : (
        t.dFlagNoCase
      )}
    </>
  )
}
