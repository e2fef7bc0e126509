import { Reply } from '../../http/reply.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import {
  settleWelfareCheck,
  type WelfareCheck,
  type WelfareReason,
  welfareChecks,
} from '../../registry/person/check-welfare.ts'
import { bornText, dayText } from '../record/texts.ts'
import type { signedInPages } from '../signed-in.tsx'
import { Button, PostForm } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { NextPage } from '../ui/parts.tsx'
import { Desk, type DeskContext, idIn } from './shell.tsx'

/** Children of whom a trained person should know. */
export function welfareDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: RegistryDeps): void {
  page({ method: 'get', path: '/desk/welfare', quiet: true }, async (context) =>
    Reply.page(
      await welfareChecks(deps, { town: context.town, by: context.requester }, context.query('after')),
      ({ items, more }) => <WelfarePage context={context} checks={items} more={more} />,
    ),
  )
  page({ method: 'post', path: '/desk/welfare', quiet: true }, async ({ town, requester, form }) => {
    await settleWelfareCheck(deps, { town, by: requester }, idIn({ params: { id: form.get('entry') } }))
    return Reply.redirect('/desk/welfare')
  })
}

const reasonNames = (t: Texts): Record<WelfareReason, string> => ({
  'left-alone': t['welfare.left'],
  'hides-alone': t['welfare.hides'],
  'leaves-alone': t['welfare.leaves'],
})

function WelfarePage(props: { context: DeskContext; checks: readonly WelfareCheck[]; more: string | undefined }) {
  const { context, checks, more } = props
  const { t, language, session } = context
  return (
    <Desk context={context} title={t['welfare.title']} here="/desk/work">
      <h1>{t['welfare.title']}</h1>
      <p class="lead">{t['welfare.lead']}</p>
      {checks.length === 0 ? <p>{t['desk.noDrafts']}</p> : ''}
      <ul class="cards">
        {checks.map((check) => (
          <li>
            <a href={`/desk/neighbours/${check.neighbourId}`}>
              <bdi>{check.name ? nameText(check.name, t['page.newbornOf']) : '\u2026'}</bdi>
            </a>{' '}
            · {bornText(language, check.dateOfBirth)}
            <br />
            {reasonNames(t)[check.reason]} · {dayText(language, check.raisedOn)}
            <PostForm action="/desk/welfare" csrf={session.csrf}>
              <Button secondary name="entry" value={check.id}>
                {t['welfare.done']}
              </Button>
            </PostForm>
          </li>
        ))}
      </ul>
      <NextPage t={t} path="/desk/welfare" more={more} first={context.query('after') === ''} />
    </Desk>
  )
}
