import type { Child } from 'hono/jsx'
import type { OpenSession } from '../../identity/end-session.ts'
import { listText } from '../../platform/counted.ts'
import { profiles } from '../../proofs/profiles.ts'
import type { CardInForce, WaysIn } from '../../registry/person/end-ways-in.ts'
import type { PageContext } from '../page-visit.ts'
import { Button, DateField, ErrorSummary, type Faults, PostForm, Tick } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { dayText, hourText, timeText } from './texts.ts'

/** By what somebody is in, as they know it. */
export function wayText(way: OpenSession['way'], telephones: WaysIn['telephones'], t: Texts): string {
  if (way?.kind !== 'telephone') return t['lookedBy.card']
  const name = telephones.find(({ handle }) => handle === way.id)?.device
  return name === undefined ? t['lookedBy.telephoneOne'] : t['lookedBy.telephone'].replace('{name}', name)
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
  const { cards, telephones, sessions, helpers, now } = ways
  const End = ({ what, id }: { what: string; id?: string }) => (
    <PostForm action={action} csrf={session.csrf}>
      <input type="hidden" name="what" value={what} />
      <Button secondary name="which" value={id ?? ''}>
        {t['waysIn.end']}
      </Button>
    </PostForm>
  )
  /** Of what does not work yet: from when. */
  const waits = ({ worksFrom }: { worksFrom: string }) =>
    worksFrom > now ? t['waysIn.waits'].replace('{day}', hourText(language, town.timeZone, worksFrom)) : undefined
  const LetWork = ({ id }: { id: string }) =>
    everywhere ? (
      <PostForm action={action} csrf={session.csrf}>
        <input type="hidden" name="what" value="let" />
        <Button name="which" value={id}>
          {t['waysIn.letWork']}
        </Button>
      </PostForm>
    ) : (
      ''
    )
  const List = ({ title, of }: { title: string; of: readonly Child[] }) => (
    <>
      <h2>{title}</h2>
      {of.length === 0 ? (
        <p>{t['waysIn.none']}</p>
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
    at === null ? t['waysIn.never'] : t['waysIn.used'].replace('{day}', dayText(language, at.slice(0, 10)))
  return (
    <>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <List
        title={t['waysIn.cards']}
        of={cards.map((card) => (
          <>
            {t['waysIn.card'].replace('{day}', dayText(language, card.givenAt.slice(0, 10)))} ·{' '}
            {waits(card) ?? cardUse(card, used, t)}
            {waits(card) ? <LetWork id={card.id} /> : ''}
            <End what="card" id={card.id} />
          </>
        ))}
      />
      <List
        title={t['waysIn.telephones']}
        of={telephones.map((one) => (
          <>
            <bdi>{[one.device, one.owner].filter(Boolean).join(' · ')}</bdi> ·{' '}
            {t['waysIn.added'].replace('{day}', dayText(language, one.createdAt.slice(0, 10)))} ·{' '}
            {waits(one) ?? used(one.usedAt)}
            {waits(one) ? <LetWork id={one.handle} /> : ''}
            <End what="telephone" id={one.handle} />
          </>
        ))}
      />
      <List
        title={t['desk.sessions']}
        of={sessions.map((one) => (
          <>
            {timeText(language, town.timeZone, one.signedInAt)} – {timeText(language, town.timeZone, one.lastSeenAt)} ·{' '}
            <bdi>{wayText(one.way, telephones, t)}</bdi>
            {one.here ? ` · ${t['desk.here']}` : ''}
            {one.here ? '' : <End what="session" id={one.handle} />}
          </>
        ))}
      />
      {everywhere ? (
        <PostForm action={everywhere} csrf={session.csrf}>
          <Button secondary>{t['entrance.everywhere']}</Button>
        </PostForm>
      ) : (
        ''
      )}
      <List
        title={t['waysIn.helpers']}
        of={helpers.map((one) => (
          <>
            <bdi>{one.name}</bdi> · {t['helpers.until']} {dayText(language, one.until)}
            <br />
            {listText(
              language,
              one.profiles.map((id) => profiles.get(id)?.title[language] ?? id),
            )}
            <End what="helper" id={one.id} />
          </>
        ))}
      />
      <h2>{t['waysIn.lost']}</h2>
      <PostForm action={action} csrf={session.csrf}>
        <input type="hidden" name="what" value="lost" />
        <p>{everywhere ? t['waysIn.lostLead'] : t['waysIn.lostAll']}</p>
        <Tick name="too" label={t['waysIn.lostToo']} on={typed.too !== undefined} fault={faults.too} />
        <DateField
          name="since"
          legend={t['waysIn.lostSince']}
          fault={faults.since}
          labels={{ day: t['desk.day'], month: t['desk.month'], year: t['desk.year'] }}
          value={(part) => typed[`since-${part}`] ?? ''}
        />
        <Button>{t['waysIn.lost']}</Button>
      </PostForm>
      <PostForm action={action} csrf={session.csrf}>
        <input type="hidden" name="what" value="everything" />
        <p>{t['waysIn.endAllHint']}</p>
        <Button warning>{t['waysIn.endAll']}</Button>
      </PostForm>
    </>
  )
}

const cardUse = (card: CardInForce, used: (at: string | null) => string, t: Texts) =>
  card.asleep ? t['waysIn.asleep'] : used(card.usedAt)
