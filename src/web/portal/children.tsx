import { randomUUID } from 'node:crypto'
import { Reply } from '../../http/reply.ts'
import { type LookUpPage, lookUpsOf } from '../../oversight/read-look-ups.ts'
import { InvalidInput, NotFound } from '../../platform/problem.ts'
import { isUuid } from '../../platform/uuid.ts'
import { saysWhere } from '../../proofs/claims.ts'
import { nameText, writePaper } from '../../proofs/paper/paper.ts'
import { ProfileId, profiles } from '../../proofs/profiles.ts'
import { isBeingDecided } from '../../registry/departure/hearing.ts'
import { actFor, type Represented, representedBy } from '../../registry/person/representation/act-for.ts'
import { whoGives } from '../../requests/service-reports.ts'
import { LookUps } from '../record/look-ups.tsx'
import { bornText } from '../record/texts.ts'
import { pageOf } from '../signed-in.tsx'
import { Button, PostForm } from '../ui/form.tsx'
import { idempotencyKeyOf, type OwnPages, type PortalDeps } from './deps.ts'
import { ShowPage } from './pages.tsx'
import { Own, type OwnContext } from './shell.tsx'

/** What somebody may fetch for a child they act for. */
const offered = [...profiles.values()].filter((profile) => profile.askedBy !== 'neighbour')

/** Proofs for the children one acts for: each opening stands in the child's own "who looked". */
export function childrenPages(page: OwnPages, deps: PortalDeps): void {
  page({ method: 'get', path: '/me/children', quiet: true }, async (context) => {
    const children = await representedBy(deps, { town: context.town, by: context.requester })
    const draw = (list: Asked[]) => <ChildrenPage context={context} represented={list} idempotencyKey={randomUUID()} />
    if (children === undefined) return pageOf(draw([]))
    const asked = await children.mapAsync((list) =>
      Promise.all(
        list.map(async (one) => ({
          ...one,
          asked: one.toldWhere && (await isBeingDecided(deps, context.town, one.id)),
        })),
      ),
    )
    return Reply.page(asked, draw)
  })
  page({ method: 'post', path: '/me/children', quiet: true }, async (context) => {
    const { town, requester, form, language } = context
    const parsed = ProfileId.safeParse(form.get('profile'))
    const profile = offered.find(({ id }) => parsed.success && id === parsed.data)
    const id = form.get('child')
    if (profile === undefined) throw new InvalidInput([{ pointer: '/profile', detail: 'Choose a service.' }])
    if (!isUuid(id)) throw new NotFound()
    const acting = await actFor(deps, { town, by: requester }, id)
    const order = { kind: 'individual', language, profile: profile.id, handedTo: 'representative' } as const
    const givers = await whoGives(deps, town)
    return Reply.page(
      await writePaper(
        deps,
        { town, by: acting },
        { neighbourId: id, order, idempotencyKey: idempotencyKeyOf(context, `${id} ${profile.id}`) },
      ),
      (written) => <ShowPage context={context} written={written} profile={profile} idempotencyKey="" givers={givers} />,
    )
  })
  // Not by an address: it would say whose parent somebody is. A court's limit is the gate's.
  page({ method: 'post', path: '/me/children/looked', quiet: true }, async (context) => {
    const { town, requester, form } = context
    const child = form.get('child')
    if (!isUuid(child)) throw new NotFound()
    const acting = await actFor(deps, { town, by: requester }, child)
    return Reply.page(
      await lookUpsOf(
        deps,
        { town, by: acting },
        { neighbourId: child, wanted: { before: form.get('before') || undefined } },
      ),
      (looked) => <ChildLookedPage context={context} child={child} page={looked} />,
    )
  })
}

/** Who looked at the record of whom one acts for, as they would see it themselves. */
function ChildLookedPage(props: { context: OwnContext; child: string; page: LookUpPage }) {
  const { context, child, page } = props
  const { t, session } = context
  return (
    <Own context={context} heading={t['desk.looked']}>
      <LookUps context={context} page={{ ...page, older: undefined }} path="/me/children" newest />
      {page.older === undefined ? (
        ''
      ) : (
        <PostForm action="/me/children/looked" csrf={session.csrf}>
          <input type="hidden" name="child" value={child} />
          <Button secondary name="before" value={page.older}>
            {t['desk.older']}
          </Button>
        </PostForm>
      )}
      <p>
        <a href="/me/children">{t['desk.back']}</a>
      </p>
    </Own>
  )
}

/** With whether the city asks something about them before it decides. */
type Asked = Represented & { asked: boolean }

function ChildrenPage(props: { context: OwnContext; represented: readonly Asked[]; idempotencyKey: string }) {
  const { context, represented, idempotencyKey } = props
  const { t, language, session } = context
  return (
    <Own context={context} heading={t['entrance.children']}>
      <p class="lead">{t['entrance.childrenLead']}</p>
      {represented.length === 0 ? <p>{t['entrance.noChildren']}</p> : ''}
      {represented.map(({ id, name, dateOfBirth, toldWhere, asked }) => (
        <section aria-labelledby={`child-${id}`}>
          <h2 id={`child-${id}`}>
            <bdi>{name ? nameText(name, t['page.newbornOf']) : '…'}</bdi>
          </h2>
          <p>{bornText(language, dateOfBirth)}</p>
          {toldWhere ? (
            <PostForm action="/me/children/looked" csrf={session.csrf}>
              <Button secondary name="child" value={id}>
                {t['desk.looked']}
              </Button>
            </PostForm>
          ) : (
            ''
          )}
          {asked ? (
            <PostForm action="/me/children/hearing" csrf={session.csrf}>
              <Button name="child" value={id}>
                {t['hearing.child']}
              </Button>
            </PostForm>
          ) : (
            ''
          )}
          <PostForm action="/me/children" csrf={session.csrf}>
            <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
            <input type="hidden" name="child" value={id} />
            <p class="govuk-button-group">
              {offered
                .filter((profile) => toldWhere || !saysWhere(profile))
                .map((profile) => (
                  <Button secondary name="profile" value={profile.id}>
                    {profile.title[language]}
                  </Button>
                ))}
            </p>
          </PostForm>
        </section>
      ))}
    </Own>
  )
}
