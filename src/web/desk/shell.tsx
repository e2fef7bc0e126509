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
  { path: '/desk', text: 'dPeopleRoom' },
  { path: '/desk/register', text: 'dRegister' },
  { path: '/desk/work', text: 'dWork' },
  { path: '/desk/perhaps', text: 'dPerhaps' },
  { path: '/desk/flags', text: 'dSupervision' },
  { path: '/desk/legal', text: 'dLegal' },
  { path: '/desk/lockdown', text: 'dLockdown' },
  { path: '/desk/organisations', text: 'gTitle' },
  { path: '/desk/erasures', text: 'eTitle' },
  { path: '/desk/complaints', text: 'kDesk' },
  { path: '/desk/ledger', text: 'dAudit' },
  { path: '/desk/sessions', text: 'dSessions' },
]

const ROLES = {
  clerk: 'dRoleClerk',
  supervisor: 'dRoleSupervisor',
  legal: 'dRoleLegal',
  auditor: 'dRoleAuditor',
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
      title={`${title} · ${t.dDesk}`}
      language={language}
      town={context.name}
      {...(props.script ? { script: { src: props.script, nonce: context.nonce() } } : {})}
      bar={
        <>
          <Rooms
            label={t.dDesk}
            rooms={ROOMS.filter(({ path }) => mayReach(`GET ${path}`, requester)).map(({ path, text }) => ({
              path,
              name: t[text],
              here: path === here,
            }))}
          >
            <RoomAction action="/desk/lock" name={t.dLock} accesskey="l">
              <Csrf token={session.csrf} />
            </RoomAction>
            <RoomAction action="/sign-out" name={t.dSignOut}>
              <Csrf token={session.csrf} />
            </RoomAction>
          </Rooms>
          <section class="govuk-width-container session-bar" aria-label={t.dCase}>
            {/* Of somebody's page no second look for another language; of one that came by a form nothing typed is left behind. */}
            {/[0-9a-f]{8}-[0-9a-f]{4}-/.test(context.path) || context.form.entries().length > 0 ? (
              ''
            ) : (
              <Languages language={language} path={context.path} />
            )}
            <p class="govuk-hint">
              {t.dSignedIn.replace('{role}', t[ROLES[requester.role]]).replace('{office}', session.office ?? '–')} ·{' '}
              {LANGUAGES[language].name}
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
          <strong>{context.hiding === 'held' ? t.dIsHeld : t.dIsHidden}</strong>
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
          data-text={t.dWaiting}
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
            {t.dCase}: <bdi>{requester.case}</bdi>
          </>
        ) : (
          t.dCaseNone
        )}{' '}
        · {why}
      </summary>
      <PostForm action="/desk/case" class="row" csrf={session.csrf}>
        <input type="hidden" name="to" value={context.path} />
        <Field
          name="case"
          label={t.dCase}
          value={requester.case ?? ''}
          maxlength={40}
          size={20}
          auto
          hint={requester.case ? undefined : t.dCaseHint}
        />
        <Select
          name="purpose"
          label={t.dPurpose}
          value={purposeOf(requester)}
          options={purposesOfCase(requester).map(({ id, title }) => [id, title[language] ?? id] as const)}
        />
        <Button secondary>{t.dSet}</Button>
      </PostForm>
    </details>
  )
}

/** The neighbour or the demand a page is about. */
export const idIn = ({ params }: Pick<DeskContext, 'params'>): Uuid => mustBeUuid(params.id)

/** The idempotency key of a form: sent twice, it happens once. */
export const idempotencyKeyIn = ({ form }: Pick<DeskContext, 'form'>, more = '') =>
  `desk ${form.get('once') || randomUUID()} ${more}`
