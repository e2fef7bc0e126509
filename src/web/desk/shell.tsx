import { randomUUID } from 'node:crypto'
import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import { purposes } from '../../firewall/policies.ts'
import { purposeOf, type Staff, type StaffRole } from '../../firewall/requester.ts'
import { mayReach } from '../../firewall/roles.ts'
import type { Path } from '../../http/path.ts'
import { WHOM } from '../../http/reply.ts'
import { mustBeUuid, type Uuid } from '../../platform/uuid.ts'
import type { PageContext } from '../page-visit.ts'
import { Stay } from '../stay.tsx'
import { Button, Csrf, Field, PostForm, Select } from '../ui/form.tsx'
import { LANGUAGES, type Texts } from '../ui/language.ts'
import { Languages, Page, RoomAction, Rooms } from '../ui/layout.tsx'
import { purposesOfCase } from './purpose.ts'

export type DeskContext = PageContext<Staff> & {
  /** Of a page about a neighbour: that the record hides, for those who may know it. */
  hiding?: 'protected' | 'held' | undefined
  /** It is a page about a neighbour. */
  about?: boolean
}

const ROOMS: { path: Path; text: keyof Texts }[] = [
  { path: '/desk', text: 'desk.peopleRoom' },
  { path: '/desk/register', text: 'desk.register' },
  { path: '/desk/work', text: 'desk.work' },
  { path: '/desk/perhaps', text: 'join.perhaps' },
  { path: '/desk/flags', text: 'desk.supervision' },
  { path: '/desk/legal', text: 'desk.legal' },
  { path: '/desk/lockdown', text: 'desk.lockdown' },
  { path: '/desk/organisations', text: 'organisations.title' },
  { path: '/desk/erasures', text: 'erasure.title' },
  { path: '/desk/complaints', text: 'complaint.desk' },
  { path: '/desk/ledger', text: 'desk.audit' },
  { path: '/desk/sessions', text: 'desk.sessions' },
]

const ROLES = {
  clerk: 'desk.roleClerk',
  supervisor: 'desk.roleSupervisor',
  legal: 'desk.roleLegal',
  auditor: 'desk.roleAuditor',
} as const satisfies Record<StaffRole, keyof Texts>

/** Who opens records for a case. */
const CASEWORK: ReadonlySet<StaffRole> = new Set(['clerk', 'supervisor'])

/** Where somebody of a role begins. */
export const firstRoom = (role: StaffRole): Path =>
  ROOMS.find(({ path }) => mayReach(`GET ${path}`, { kind: 'staff', role }))?.path ?? '/desk/sessions'

/** Every page of the desk: where one may go, the case one works on, and the way out. */
export function Desk(props: { context: DeskContext; title: string; here?: string; script?: string; children: Child }) {
  const { context, title, here } = props
  const { t, requester, session, language } = context
  return (
    <Page
      title={`${title} · ${t['desk.desk']}`}
      language={language}
      town={context.name}
      {...(props.script ? { script: { src: props.script, nonce: context.nonce() } } : {})}
      bar={
        <>
          <Rooms
            label={t['desk.desk']}
            rooms={ROOMS.filter(({ path }) => mayReach(`GET ${path}`, requester)).map(({ path, text }) => ({
              path,
              name: t[text],
              here: path === here,
            }))}
          >
            <RoomAction action="/desk/lock" name={t['desk.lock']} accesskey="l">
              <Csrf token={session.csrf} />
            </RoomAction>
            <RoomAction action="/sign-out" name={t['signIn.signOut']}>
              <Csrf token={session.csrf} />
            </RoomAction>
          </Rooms>
          <section class="govuk-width-container session-bar" aria-label={t['desk.case']}>
            {/* Of somebody's page no second look for another language; of one that came by a form nothing typed is left behind. */}
            {/[0-9a-f]{8}-[0-9a-f]{4}-/.test(context.path) || context.form.entries().length > 0 ? (
              ''
            ) : (
              <Languages language={language} path={context.path} />
            )}
            <p class="govuk-hint">
              {t['desk.signedIn']
                .replace('{role}', t[ROLES[requester.role]])
                .replace('{office}', session.office ?? '–')}{' '}
              · {LANGUAGES[language].name}
            </p>
            {CASEWORK.has(requester.role) && !session.locked ? (
              <CaseBar context={context} open={here === '/desk' && !requester.case} />
            ) : (
              ''
            )}
          </section>
        </>
      }
      below={<Stay session={session} t={t} language={language} nonce={context.nonce()} action="/desk/stay" />}
    >
      {context.hiding ? (
        <p class="govuk-inset-text hiding" role="note">
          <strong>{context.hiding === 'held' ? t['desk.isHeld'] : t['desk.isHidden']}</strong>
        </p>
      ) : (
        ''
      )}
      {props.script ? (
        <p
          id="waiting"
          class="govuk-inset-text"
          role="status"
          hidden
          data-key={session.formKey}
          data-text={t['desk.waiting']}
        />
      ) : (
        ''
      )}
      {context.about ? raw(WHOM) : ''}
      {props.children}
    </Page>
  )
}

/** The ticket or file a clerk works on, and why: set once, both go with every look-up, and stand in a slim bar. */
function CaseBar({ context, open }: { context: DeskContext; open: boolean }) {
  const { t, requester, session, language } = context
  const why = purposes.get(purposeOf(requester))?.title[language] ?? ''
  return (
    <details class="case-bar" open={open}>
      <summary>
        {requester.case ? (
          <>
            {t['desk.case']}: <bdi>{requester.case}</bdi>
          </>
        ) : (
          t['desk.caseNone']
        )}{' '}
        · {why}
      </summary>
      <PostForm action="/desk/case" class="row" csrf={session.csrf}>
        <input type="hidden" name="to" value={context.path} />
        <Field
          name="case"
          label={t['desk.case']}
          value={requester.case ?? ''}
          maxlength={40}
          size={20}
          auto
          hint={requester.case ? undefined : t['desk.caseHint']}
        />
        <Select
          name="purpose"
          label={t['desk.purpose']}
          value={purposeOf(requester)}
          options={purposesOfCase(requester).map(({ id, title }) => [id, title[language] ?? id] as const)}
        />
        <Button secondary>{t['desk.set']}</Button>
      </PostForm>
    </details>
  )
}

/** The neighbour or the demand a page is about. */
export const idIn = ({ params }: Pick<DeskContext, 'params'>): Uuid => mustBeUuid(params.id)

/** The idempotency key of a form: sent twice, it happens once. */
export const idempotencyKeyIn = ({ form }: Pick<DeskContext, 'form'>, more = '') =>
  `desk ${form.get('idempotencyKey') || randomUUID()} ${more}`
