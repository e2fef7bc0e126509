import type { Disclosed } from '../../firewall/disclosed.ts'
import { addressText } from '../../proofs/address-text.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { Address, Name } from '../../registry/model.ts'
import { bornText } from '../record/texts.ts'
import { Button, ErrorSummary, Field, PostForm, Tick } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { Done } from '../ui/parts.tsx'
import { Reading } from './reading.tsx'
import { deskScript } from './script.ts'
import { Desk, type DeskContext } from './shell.tsx'

export interface Shown {
  matches: readonly {
    id: string
    name?: Name | undefined
    dateOfBirth?: string | undefined
    address?: Address | undefined
  }[]
  more: boolean
}
export type Found = Disclosed<Shown>

/** The box for what people say, and what it makes of that while it is typed in. */
export function SaidFields(props: { t: Texts; said: string; mononym: boolean; fault?: string | undefined }) {
  const { t, said, mononym, fault } = props
  return (
    <>
      <Field
        name="said"
        accesskey="s"
        label={t['search.query']}
        hint={t['search.queryHint']}
        value={said}
        auto
        required
        fault={fault}
      />
      <output id="understood" for="said" aria-live="polite" dir="auto" class="govuk-hint" />
      <Tick name="mononym" label={t['search.mononym']} on={mononym} />
    </>
  )
}

/** One box for what people say, and enough of each answer to tell people apart. */
export function SearchPage(props: {
  context: DeskContext
  said?: string
  mononym?: boolean
  found?: Shown
  fault?: string
  /** A registration was undone: there is no page of it any more. */
  undone?: boolean
}) {
  const { context, said = '', mononym = false, found, fault, undone } = props
  const { t, language, session } = context
  return (
    <Desk context={context} title={t['desk.search']} here="/desk" script={deskScript.address}>
      <ErrorSummary title={t['desk.there']} faults={fault ? { said: fault } : {}} />
      {undone ? <Done>{t['desk.undone']}</Done> : ''}
      <h1>{t['desk.search']}</h1>
      <PostForm action="/desk/search" csrf={session.csrf}>
        <SaidFields t={t} said={said} mononym={mononym} fault={fault} />
        <Button>{t['desk.search']}</Button>
      </PostForm>
      {found ? (
        <section aria-live="polite">
          <h2>{t['desk.found']}</h2>
          {found.matches.length === 0 ? <p>{t['desk.nobody']}</p> : ''}
          <ul class="cards">
            {found.matches.map((match) => (
              <li>
                <a href={`/desk/neighbours/${match.id}`}>
                  <bdi>{match.name ? nameText(match.name, t['page.newbornOf']) : '…'}</bdi>
                  <Reading name={match.name} />
                </a>
                <br />
                {bornText(language, match.dateOfBirth)} · <bdi>{match.address ? addressText(match.address) : ''}</bdi>
              </li>
            ))}
          </ul>
          {found.more ? <p>{t['desk.more']}</p> : ''}
          <p>
            <a class="govuk-button" href="/desk/register">
              {t['desk.register']}
            </a>
          </p>
        </section>
      ) : (
        ''
      )}
    </Desk>
  )
}
