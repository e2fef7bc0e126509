import { randomUUID } from 'node:crypto'
import { SaysTooMuch } from '../../firewall/free-text.ts'
import { writtenTooMuch } from '../../firewall/plain-words.ts'
import { Refusal } from '../../firewall/requester.ts'
import { Reply } from '../../http/reply.ts'
import { route } from '../../http/route.ts'
import type { App } from '../../identity/app.ts'
import {
  actAsHelper,
  type Helper,
  HelperName,
  HelpRefused,
  helpersOf,
  LONGEST_HELP,
  nameHelper,
} from '../../identity/help.ts'
import { type Clock, today } from '../../platform/clock.ts'
import { listText } from '../../platform/counted.ts'
import { retryAfter } from '../../platform/problem.ts'
import { TooManyAttempts } from '../../platform/tries.ts'
import { mustBeUuid } from '../../platform/uuid.ts'
import { printPaper, writePaper } from '../../proofs/paper/paper.ts'
import { ProfileId, profiles } from '../../proofs/profiles.ts'
import { Answer, answerProceeding } from '../../registry/departure/decide-proceeding.ts'
import { isBeingDecided } from '../../registry/departure/hearing.ts'
import { lifeRules } from '../../registry/person/dates/life-dates.ts'
import { endWaysIn } from '../../registry/person/end-ways-in.ts'
import type { Municipality } from '../../town/model.ts'
import { PlainTick, plainIn } from '../plain.tsx'
import { nameIn, readerOf } from '../reader.ts'
import { dayIn, typedIn } from '../record/registration-form.ts'
import { dayText } from '../record/texts.ts'
import type { Typed } from '../record/typed.ts'
import { pageOf } from '../signed-in.tsx'
import {
  Button,
  DateField,
  ErrorSummary,
  type Faults,
  Field,
  Group,
  PostForm,
  PublicForm,
  Select,
  Tick,
} from '../ui/form.tsx'
import { type Language, LOCALES, type Texts } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { Done, NotDone } from '../ui/parts.tsx'
import { Qr } from '../ui/qr-code.tsx'
import type { OwnPages, PortalDeps } from './deps.ts'
import { Own, type OwnContext } from './shell.tsx'

/** Profiles that somebody else may fetch. */
const offered = [...profiles.values()].filter((profile) => profile.askedBy !== 'neighbour')

/** Naming helpers, and what helpers do. */
export function helperPages(app: App, page: OwnPages, deps: PortalDeps): void {
  page({ method: 'get', path: '/me/helpers', quiet: true }, async (context) =>
    pageOf(
      <HelpersPage context={context} helpers={await helpersOf(deps, { town: context.town, by: context.requester })} />,
    ),
  )
  page({ method: 'post', path: '/me/helpers', fresh: true, quiet: true }, async (context) => {
    const { town, requester, form, t } = context
    const chosen = offered.filter(({ id }) => form.has(`for-${id}`)).map(({ id }) => id)
    const typed = typedIn(context)
    const until = dayIn(typed, {
      name: 'until',
      formReader: { ...context, rules: lifeRules(deps.clock, town) },
      toCome: true,
    })
    const again = async (faults: Faults) => {
      const helpers = await helpersOf(deps, { town, by: requester })
      return pageOf(<HelpersPage context={context} helpers={helpers} typed={typed} faults={faults} />, 422)
    }
    const named = HelperName.safeParse({ name: form.get('name'), ...plainIn(form) })
    const day = until && 'date' in until ? Temporal.PlainDate.from(until.date) : undefined
    const faults = {
      ...(named.success ? {} : { name: form.get('name') === '' ? t['helpers.who'] : t['hearing.tooLong'] }),
      ...(chosen.length === 0 ? { for: t['helpers.what'] } : {}),
      ...untilFault(until, { day, clock: deps.clock, town, t }),
    }
    if (!named.success || day === undefined || Object.keys(faults).length > 0) return again(faults)
    const { code } = await nameHelper(
      deps,
      { town, by: requester },
      {
        helper: { ...named.data, profiles: chosen, until: day },
        idempotencyKey: form.get('idempotencyKey') || undefined,
      },
    ).catch((error: unknown) => {
      if (error instanceof SaysTooMuch) return { code: undefined }
      throw error
    })
    if (code === undefined)
      return again({ name: t['desk.sensitive'].replace('{word}', writtenTooMuch(form.get('name')) ?? '…') })
    return pageOf(
      <HelpersPage context={context} helpers={await helpersOf(deps, { town, by: requester })} code={code} />,
    )
  })
  page({ method: 'post', path: '/me/helpers/end', quiet: true }, async ({ town, requester, form }) => {
    await endWaysIn(
      deps,
      { town, by: requester },
      {
        neighbourId: requester.neighbourId,
        ending: {
          what: 'helper',
          id: mustBeUuid(form.get('helper')),
        },
      },
    )
    return Reply.redirect('/me/helpers')
  })

  route(app, { kind: 'public', method: 'get', path: '/helper', quiet: true }, async (request) => {
    const { town, language } = readerOf(request)
    return pageOf(<ActPage town={nameIn(town, language)} language={language} />)
  })
  route(app, { kind: 'public', method: 'post', path: '/helper', quiet: true }, async (request) => {
    const { town, language } = readerOf(request)
    const form = await request.form()
    const name = nameIn(town, language)
    const profile = ProfileId.safeParse(form.get('profile'))
    try {
      const { source } = request
      if (form.has('lost')) {
        const acting = await actAsHelper(deps, town, { typed: { code: form.get('code') }, source })
        await endWaysIn(deps, { town, by: acting }, { neighbourId: acting.neighbourId, ending: { what: 'card' } })
        return pageOf(<ActPage town={name} language={language} cancelled />)
      }
      if (form.has('answer')) {
        const acting = await actAsHelper(deps, town, { typed: { code: form.get('code') }, source })
        const words = form.get('words')
        const answer = Answer.safeParse({ text: words, by: 'helper' })
        if (!answer.success) return pageOf(<ActPage town={name} language={language} tooLong={words} />, 422)
        // Where the city asks nothing, there is nothing to answer, and what was written goes back to whoever wrote it.
        const asked = await isBeingDecided(deps, town, acting.neighbourId)
        if (!asked) return pageOf(<ActPage town={name} language={language} unasked={words} />)
        await answerProceeding(
          deps,
          { town, by: acting },
          { neighbourId: acting.neighbourId, answer: answer.data, idempotencyKey: `helper ${randomUUID()}` },
        )
        return pageOf(<ActPage town={name} language={language} answered />)
      }
      if (!profile.success) throw new HelpRefused()
      const requester = await actAsHelper(deps, town, {
        typed: { code: form.get('code'), profile: profile.data },
        source,
      })
      const order = { kind: 'individual', language, profile: profile.data, handedTo: 'representative' } as const
      const idempotencyKey = `helper ${randomUUID()}`
      if (form.has('paper')) {
        const printed = await printPaper(
          deps,
          { town, by: requester },
          { neighbourId: requester.neighbourId, order, idempotencyKey },
        )
        const headers = { 'content-disposition': 'attachment; filename="padron.pdf"' } as const
        return Reply.document(
          printed.map(({ pdf }) => pdf),
          'application/pdf',
          headers,
        )
      }
      const written = await writePaper(
        deps,
        { town, by: requester },
        { neighbourId: requester.neighbourId, order, idempotencyKey },
      )
      return Reply.page(written, ({ paper }) => (
        <ActPage town={name} language={language} shown={{ qr: paper.qr, code: paper.code }} />
      ))
    } catch (error) {
      // Why somebody gets nothing is not said to them.
      if (error instanceof TooManyAttempts)
        return pageOf(<ActPage town={name} language={language} refused="too-many" />, 429)
          .with(retryAfter(error))
          .because(error)
      if (!(error instanceof HelpRefused || error instanceof Refusal)) throw error
      return pageOf(<ActPage town={name} language={language} refused />, 401).because(error)
    }
  })
}

/** A day on which help is over already helps nobody, and nobody is named for longer than a year. */
function untilFault(
  typed: { date: string } | { fault: string } | undefined,
  { day, clock, town, t }: { day: Temporal.PlainDate | undefined; clock: Clock; town: Municipality; t: Texts },
): Faults {
  if (typed && 'fault' in typed) return { until: typed.fault }
  if (day === undefined) return { until: t['helpers.when'] }
  const now = today(clock, town.timeZone)
  if (Temporal.PlainDate.compare(day, now) < 0) return { until: t['helpers.past'] }
  return Temporal.PlainDate.compare(day, now.add(LONGEST_HELP)) > 0 ? { until: t['helpers.long'] } : {}
}

function HelpersPage(props: {
  context: OwnContext
  helpers: readonly Helper[]
  code?: string
  typed?: Typed
  faults?: Faults
}) {
  const { context, helpers, code, typed = {}, faults = {} } = props
  const { t, language, session } = context
  return (
    <Own context={context} heading={t['helpers.title']}>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      {code ? (
        <Done>
          <p>{t['helpers.code']}</p>
          <p class="digits code" dir="ltr">
            {code}
          </p>
        </Done>
      ) : (
        ''
      )}
      <p class="lead">{t['helpers.lead']}</p>
      <ul class="cards">
        {helpers.map((helper) => (
          <li>
            <bdi>{helper.name}</bdi> · {t['helpers.until']} {dayText(language, helper.until)}
            <br />
            {listText(
              language,
              helper.profiles.map((id) => profiles.get(id)?.title[language] ?? id),
            )}
            <PostForm action="/me/helpers/end" csrf={session.csrf}>
              <Button secondary name="helper" value={helper.id}>
                {t['helpers.end']}
              </Button>
            </PostForm>
          </li>
        ))}
      </ul>
      <PostForm action="/me/helpers" csrf={session.csrf}>
        <input type="hidden" name="idempotencyKey" value={typed.idempotencyKey ?? randomUUID()} />
        <Field name="name" label={t['helpers.name']} value={typed.name} fault={faults.name} required auto />
        <PlainTick t={t} faults={faults.name ? { name: faults.name } : {}} />
        <Group name="for" legend={t['desk.service']} fault={faults.for}>
          {offered.map((profile) => (
            <Tick
              name={`for-${profile.id}`}
              label={profile.title[language]}
              on={typed[`for-${profile.id}`] !== undefined}
            />
          ))}
        </Group>
        <DateField
          name="until"
          legend={t['helpers.until']}
          fault={faults.until}
          labels={{ day: t['desk.day'], month: t['desk.month'], year: t['desk.year'] }}
          value={(part) => typed[`until-${part}`] ?? ''}
        />
        <Button>{t['helpers.add']}</Button>
      </PostForm>
    </Own>
  )
}

function ActPage(props: {
  town: string
  language: Language
  shown?: { qr: string; code: string }
  refused?: boolean | 'too-many'
  /** The neighbour’s card is no card any more. */
  cancelled?: boolean
  /** Their answer was written down. */
  answered?: boolean
  /** What was written where the city asks nothing. */
  unasked?: string
  /** What was written, and is too long. */
  tooLong?: string
}) {
  const { town, language, shown, refused, cancelled, answered, unasked, tooLong } = props
  const t = LOCALES[language]
  return (
    <Page title={town} language={language} town={town}>
      <Languages language={language} path="/helper" />
      <h1>{t['helpers.actTitle']}</h1>
      {refused ? (
        <NotDone>
          <p>{refused === 'too-many' ? t['check.whyTooMany'] : t['helpers.refused']}</p>
        </NotDone>
      ) : (
        ''
      )}
      {cancelled ? <Done>{t['helpers.cancelled']}</Done> : ''}
      {answered ? <Done>{t['hearing.helpDone']}</Done> : ''}
      {unasked === undefined ? (
        ''
      ) : (
        <NotDone>
          <p>{t['hearing.helpNone']}</p>
        </NotDone>
      )}
      {shown ? (
        <>
          <p class="lead">{t['entrance.showLead']}</p>
          <Qr text={shown.qr} label={t['entrance.showLead']} />
          <p class="digits code" dir="ltr">
            {shown.code}
          </p>
        </>
      ) : (
        ''
      )}
      <p class="lead">{t['helpers.actLead']}</p>
      <PublicForm action={`/helper?lang=${language}`}>
        <Field name="code" label={t['check.codeLabel']} required />
        <Select
          name="profile"
          label={t['desk.service']}
          options={offered.map((profile) => [profile.id, profile.title[language]] as const)}
        />
        <Tick name="paper" label={t['entrance.pdf']} on={false} />
        <p class="govuk-button-group">
          <Button>{t['entrance.show']}</Button>
          <Button secondary name="lost" value="yes">
            {t['entrance.lost']}
          </Button>
        </p>
      </PublicForm>
      <h2>{t['hearing.helpTitle']}</h2>
      <p>{t['hearing.helpLead']}</p>
      <PublicForm action={`/helper?lang=${language}`}>
        <Field name="code" id="answer-code" label={t['check.codeLabel']} required />
        <Field
          name="words"
          label={t['hearing.say']}
          fault={tooLong === undefined ? undefined : t['hearing.tooLong']}
          value={tooLong ?? unasked ?? ''}
          lines={4}
          auto
        />
        <Button secondary name="answer" value="yes">
          {t['hearing.helpSend']}
        </Button>
      </PublicForm>
    </Page>
  )
}
