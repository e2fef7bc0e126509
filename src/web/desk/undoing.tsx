import { pathTo } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { counted } from '../../platform/counted.ts'
import { mustBeUuid } from '../../platform/uuid.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import { CannotUndo, type Undoable, undo, undoable } from '../../registry/person/undo.ts'
import { bornText, dayText } from '../record/texts.ts'
import { pageOf, type signedInPages } from '../signed-in.tsx'
import { Button, PostForm } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { Fact, Facts } from '../ui/parts.tsx'
import { reasonText } from '../ui/problem-page.tsx'
import { Desk, type DeskContext, idIn } from './shell.tsx'

/** Undoing what one has just written, asked once more; otherwise the page says what stands in the way. */
export function undoDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: RegistryDeps): void {
  const path = '/desk/neighbours/:id/undo' as const
  const orWhyNot = async (context: DeskContext, work: () => Promise<Reply>) => {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof CannotUndo)) throw error
      return pageOf(<WhyNotPage context={context} error={error} />, 409)
    }
  }
  page({ method: 'get', path }, (context) =>
    orWhyNot(context, async () =>
      Reply.page(await undoable(deps, { town: context.town, by: context.requester }, idIn(context)), (what) => (
        <UndoPage context={context} undoable={what} />
      )),
    ),
  )
  page({ method: 'post', path }, (context) =>
    orWhyNot(context, async () => {
      const undone = await undo(deps, { town: context.town, by: context.requester }, idIn(context))
      return Reply.onward(undone, ({ id, what }) =>
        what === 'registration' ? '/desk?undone=1' : pathTo`/desk/neighbours/${mustBeUuid(id)}`,
      )
    }),
  )
}

const whatNames = (t: Texts): Record<Undoable['what'], string> => ({
  registration: t['desk.register'],
  return: t['desk.return'],
  move: t['desk.move'],
  departure: t['desk.leave'],
  correction: t['desk.correct'],
})

function UndoPage({ context, undoable: shown }: { context: DeskContext; undoable: Undoable }) {
  const { t, language, session } = context
  const { id, name, dateOfBirth, what, effectiveOn, people } = shown
  return (
    <Desk context={context} title={t['undo.undo']}>
      <h1>{t['undo.undo']}</h1>
      <Facts>
        <Fact name={t['desk.who']}>
          <bdi data-whom="yes">{name ? nameText(name, t['page.newbornOf']) : '…'}</bdi>
        </Fact>
        <Fact name={t['desk.born']}>{bornText(language, dateOfBirth)}</Fact>
        <Fact name={t['leaving.what']}>{whatNames(t)[what]}</Fact>
        <Fact name={t['desk.on']}>{dayText(language, effectiveOn)}</Fact>
      </Facts>
      {people > 1 ? <p class="govuk-inset-text">{counted(t['undo.undoPeople'], language, { n: people })}</p> : ''}
      <p class="lead">{what === 'registration' ? t['undo.undoRegistration'] : t['undo.undoLead']}</p>
      <PostForm action={`/desk/neighbours/${id}/undo`} csrf={session.csrf}>
        <Button warning>{t['undo.undoSure']}</Button>
      </PostForm>
      <p>
        <a href={`/desk/neighbours/${id}`}>{t['desk.back']}</a>
      </p>
    </Desk>
  )
}

function WhyNotPage({ context, error }: { context: DeskContext; error: CannotUndo }) {
  const { t } = context
  return (
    <Desk context={context} title={t['undo.undo']}>
      <h1>{t['undo.undo']}</h1>
      <p class="lead">{reasonText(error.code, t)}</p>
      <p>
        <a href={`/desk/neighbours/${idIn(context)}`}>{t['desk.back']}</a>
      </p>
    </Desk>
  )
}
