import type { Child } from 'hono/jsx'
import type { OpenSession } from '../../identity/open-sessions.ts'
import { listText } from '../../platform/counted.ts'
import { profiles } from '../../proofs/profiles.ts'
import type { CardInForce, WaysIn } from '../../registry/person/ways-in.ts'
import type { PageContext } from '../page-visit.ts'
import { Button, DateField, ErrorSummary, type Faults, PostForm, Tick } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { dayText, timeText } from './texts.ts'

/** By what somebody is in, as they know it. */
export function wayText(way: OpenSession['way'], telephones: WaysIn['telephones'], t: Texts): string {
  if (way?.kind !== 'telephone') return t.bCard
  const name = telephones.find(({ handle }) => handle === way.id)?.device
  return name === undefined ? t.bTelephoneOne : t.bTelephone.replace('{name}', name)
}

/** Each way in to a record, with a button that ends it; and what is done when a card or telephone is gone. */
export function WaysInList(props: {
  context: Pick<PageContext, 't' | 'language' | 'town' | 'session'>
  ways: WaysIn
  /** Where the forms go. */
  action: string
  /** Where one signs out everywhere, and all ways in stay; of one's own. */
  everywhere?: string
  typed?: Readonly<Record<string, string>>
  faults?: Faults
}) {
  const { context, ways, action, everywhere, typed = {}, faults = {} } = props
  const { t, language, town, session } = context
  const { cards, telephones, sessions, helpers } = ways
  const End = ({ what, id }: { what: string; id?: string }) => (
    <PostForm action={action} csrf={session.csrf}>
      <input type="hidden" name="what" value={what} />
      <Button secondary name="which" value={id ?? ''}>
        {t.iEnd}
      </Button>
    </PostForm>
  )
  const List = ({ title, of }: { title: string; of: readonly Child[] }) => (
    <>
      <h2>{title}</h2>
      {of.length === 0 ? (
        <p>{t.iNone}</p>
      ) : (
        <ul class="cards">
          {of.map((one) => (
            <li>{one}</li>
          ))}
        </ul>
      )}
    </>
  )
  const used = (at: string | null) =>
    at === null ? t.iNever : t.iUsed.replace('{day}', dayText(language, at.slice(0, 10)))
  return (
    <>
      <ErrorSummary title={t.dThere} faults={faults} />
      <List
        title={t.iCards}
        of={cards.map((card) => (
          <>
            {t.iCard.replace('{day}', dayText(language, card.givenAt.slice(0, 10)))} · {cardUse(card, used, t)}
            <End what="card" />
          </>
        ))}
      />
      <List
        title={t.iTelephones}
        of={telephones.map((one) => (
          <>
            <bdi>{[one.device, one.owner].filter(Boolean).join(' · ')}</bdi> ·{' '}
            {t.iAdded.replace('{day}', dayText(language, one.createdAt.slice(0, 10)))} · {used(one.usedAt)}
            <End what="telephone" id={one.handle} />
          </>
        ))}
      />
      <List
        title={t.dSessions}
        of={sessions.map((one) => (
          <>
            {timeText(language, town.timeZone, one.signedInAt)} – {timeText(language, town.timeZone, one.lastSeenAt)} ·{' '}
            <bdi>{wayText(one.way, telephones, t)}</bdi>
            {one.here ? ` · ${t.dHere}` : ''}
            {one.here ? '' : <End what="session" id={one.handle} />}
          </>
        ))}
      />
      {everywhere ? (
        <PostForm action={everywhere} csrf={session.csrf}>
          <Button secondary>{t.rEverywhere}</Button>
        </PostForm>
      ) : (
        ''
      )}
      <List
        title={t.iHelpers}
        of={helpers.map((one) => (
          <>
            <bdi>{one.name}</bdi> · {t.hUntil} {dayText(language, one.until)}
            <br />
            {listText(
              language,
              one.profiles.map((id) => profiles.get(id)?.title[language] ?? id),
            )}
            <End what="helper" id={one.id} />
          </>
        ))}
      />
      <h2>{t.iLost}</h2>
      <PostForm action={action} csrf={session.csrf}>
        <input type="hidden" name="what" value="lost" />
        <p>{everywhere ? t.iLostLead : t.iLostAll}</p>
        <Tick name="too" label={t.iLostToo} on={typed.too !== undefined} fault={faults.too} />
        <DateField
          name="since"
          legend={t.iLostSince}
          fault={faults.since}
          labels={{ day: t.dDay, month: t.dMonth, year: t.dYear }}
          value={(part) => typed[`since-${part}`] ?? ''}
        />
        <Button>{t.iLost}</Button>
      </PostForm>
      <PostForm action={action} csrf={session.csrf}>
        <input type="hidden" name="what" value="everything" />
        <p>{t.iEndAllHint}</p>
        <Button warning>{t.iEndAll}</Button>
      </PostForm>
    </>
  )
}

const cardUse = (card: CardInForce, used: (at: string | null) => string, t: Texts) =>
  card.asleep ? t.iAsleep : used(card.usedAt)
