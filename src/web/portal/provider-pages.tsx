import type { Form } from '../../http/form.ts'
import { Reply } from '../../http/reply.ts'
import { route } from '../../http/route.ts'
import type { App } from '../../identity/app.ts'
import { thumbprintsIn } from '../../identity/public-keys.ts'
import type { ClosedBecause } from '../../oversight/provider-standing.ts'
import { NotFound, Problem } from '../../platform/problem.ts'
import { isUuid } from '../../platform/uuid.ts'
import { addressText } from '../../proofs/address-text.ts'
import { askForMachine, callOff, MachineRequest } from '../../requests/ask-for-machine.ts'
import { Ending, endOwn, organisationOf, type Provider, providerOf } from '../../requests/providers.ts'
import type { Municipality } from '../../town/model.ts'
import { nameIn, readerOf } from '../reader.ts'
import { dayText } from '../record/texts.ts'
import { pageOf } from '../signed-in.tsx'
import { Button, ErrorSummary, type Faults, Field, PublicForm, Select } from '../ui/form.tsx'
import { type Language, LOCALES, type Texts } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { Details, Done, Fact, Facts, NotDone } from '../ui/parts.tsx'
import { reasonText } from '../ui/problem-page.tsx'
import type { PortalDeps } from './deps.ts'
import { firstRequest } from './first-request.ts'

/** What is wrong with the name of a machine, and not with its keys. */
const OF_A_NAME: readonly string[] = ['client-taken', 'not-found', 'machine-ended']

/** What an organisation is told and may do, with the code that it applied with. */
export function providerPages(app: App, deps: PortalDeps): void {
  route(app, { kind: 'public', method: 'post', path: '/providers/own' }, async (request) => {
    const { town, language } = readerOf(request)
    const t = LOCALES[language]
    const form = await request.form()
    const code = form.get('code')
    const organisationId = await organisationOf(deps, town, code)
    // Who has no such code finds the form for codes again.
    if (organisationId === undefined) return Reply.redirect(`/providers/enrol?lang=${language}`)
    const show = async (said: { done?: string; faults?: Faults; typed?: Form }, status = 200) =>
      pageOf(await ownPage(deps, town, { language, organisationId, code, said }), status)
    const act = form.get('act')
    if (act === 'end') {
      const ending = Ending.safeParse({
        client: form.get('client'),
        ...(form.has('thumbprint') ? { thumbprint: form.get('thumbprint') } : {}),
      })
      if (!ending.success) return show({ faults: { machines: t['provider.notYours'] } }, 422)
      try {
        await endOwn(deps, town, { organisationId, ending: ending.data })
      } catch (error) {
        if (!(error instanceof NotFound)) throw error
        return show({ faults: { machines: t['provider.notYours'] } }, 404)
      }
      return show({ done: t['provider.done'] })
    }
    if (act === 'call-off') {
      const id = form.get('request')
      try {
        if (!isUuid(id)) throw new NotFound()
        await callOff(deps, town, { organisationId, id })
      } catch (error) {
        if (!(error instanceof NotFound)) throw error
        return show({ faults: { waiting: t['problem.notFound'] } }, 404)
      }
      return show({ done: t['provider.calledOff'] })
    }
    if (act !== 'keys' && act !== 'machine') return show({})
    const keys = await thumbprintsIn(form.get('keys'))
    const client = form.get('client')
    const parsed = MachineRequest.safeParse({ kind: act, ...(client ? { client } : {}), keys: keys ?? [] })
    if (!parsed.success || keys === undefined) {
      const wrong = parsed.error?.issues.some(({ path }) => path[0] === 'client') ?? false
      const faults = {
        ...(wrong ? { [`${act}-client`]: t['enrolment.clientWrong'] } : {}),
        ...(keys === undefined
          ? { [`${act}-keys`]: t['enrolment.keysWrong'] }
          : keys.length === 0
            ? { [`${act}-keys`]: t['enrolment.missing'] }
            : {}),
      }
      return show({ faults, typed: form }, 422)
    }
    try {
      await askForMachine(deps, town, { organisationId, request: parsed.data })
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      const beside = OF_A_NAME.includes(error.code) ? 'client' : 'keys'
      const why = error.code === 'not-found' ? t['provider.notYours'] : reasonText(error.code, t)
      return show({ faults: { [`${act}-${beside}`]: why }, typed: form }, error.status)
    }
    return show({ done: t['provider.asked'].replace('{text}', t['provider.waiting']) }, 201)
  })
}

/** The page of an organisation that is enrolled. */
export async function ownPage(
  deps: PortalDeps,
  town: Municipality,
  {
    language,
    organisationId,
    code,
    said = {},
  }: {
    language: Language
    organisationId: string
    code: string
    said?: { done?: string; faults?: Faults; typed?: Form } | undefined
  },
) {
  const provider = await providerOf(deps, town, organisationId)
  const source = await deps.machineSignIn?.(town)
  return <ProviderPage town={town} language={language} code={code} provider={provider} source={source} {...said} />
}

/** Why an organisation is answered nothing, in words. */
export const closedNames = (t: Texts): Readonly<Record<ClosedBecause, string>> => ({
  function: t['provider.function'],
  link: t['provider.link'],
  suspended: t['provider.suspended'],
  'attestation-lapsed': t['provider.lapsed'],
  'attestation-over': t['provider.over'],
  'no-attestation': t['provider.noAttestation'],
  'no-function': t['provider.noFunction'],
  'no-machine': t['provider.noMachine'],
  lockdown: t['provider.lockdown'],
})

function ProviderPage(props: {
  town: Municipality
  language: Language
  code: string
  provider: Provider
  source: { issuer: string; tokenEndpoint: string | undefined; audience: string } | undefined
  done?: string
  faults?: Faults
  typed?: Form
}) {
  const { town, language, code, provider, done, faults = {}, typed } = props
  const t = LOCALES[language]
  const name = nameIn(town, language)
  const day = (instant: string) => dayText(language, instant.slice(0, 10))
  const inUse = provider.machines.filter(({ endedAt }) => endedAt === null)
  const value = (act: string, field: string) => (typed?.get('act') === act ? (typed.get(field) ?? '') : '')
  const action = `/providers/own?lang=${language}`
  const { name: office, ...place } = town.referenceAddress
  const where = [office, addressText({ kind: 'dwelling', ...place })].filter(Boolean).join(', ')
  const [ask = '', afterComplain = ''] = t['provider.ask'].replace('{place}', where).split('{complain}')
  return (
    <Page title={`${provider.name} · ${name}`} language={language} town={name}>
      <Languages language={language} path="/providers/own" posts={{ code }} />
      <h1>
        <bdi>{provider.name}</bdi>
      </h1>
      {done ? <Done>{done}</Done> : ''}
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <h2>{t['provider.standing']}</h2>
      {provider.answered ? <Done>{t['provider.answered']}</Done> : ''}
      {provider.because.map(({ reason, since }) => (
        <NotDone>
          <p>
            {since ? t['provider.closedSince'].replace('{day}', day(since)) : t['provider.closed']}{' '}
            {closedNames(t)[reason]}
          </p>
        </NotDone>
      ))}
      {provider.attestedUntil ? <p>{t['provider.until'].replace('{day}', day(provider.attestedUntil))}</p> : ''}
      {provider.waiting.length > 0 ? (
        <section id="waiting" class="govuk-inset-text">
          <p>{t['provider.waiting']}</p>
          <ul class="cards">
            {provider.waiting.map((request) => (
              <li>
                {request.kind === 'keys' ? t['organisations.askKeys'] : t['organisations.askMachine']} ·{' '}
                <bdi>{request.client ?? '–'}</bdi> · {day(request.receivedAt)}
                {request.keys.map((thumbprint) => (
                  <div>
                    <code dir="ltr">{thumbprint}</code>
                  </div>
                ))}
                <PublicForm action={action}>
                  <input type="hidden" name="code" value={code} />
                  <input type="hidden" name="request" value={request.id} />
                  <Button secondary name="act" value="call-off">
                    {t['provider.callOff']}
                  </Button>
                </PublicForm>
              </li>
            ))}
          </ul>
        </section>
      ) : (
        ''
      )}
      <p>
        {ask}
        <a href={`/complain?lang=${language}`}>{t['complaint.title']}</a>
        {afterComplain}
      </p>
      <h2 id="machines">{t['organisations.machines']}</h2>
      {provider.machines.length === 0 ? (
        <p>{t['provider.noClient']}</p>
      ) : (
        <p class="govuk-hint">{t['provider.endHint']}</p>
      )}
      <ul class="cards">
        {provider.machines.map((machine) => (
          <li>
            <strong dir="ltr">{machine.client}</strong>
            {machine.endedAt ? (
              ` · ${t['organisations.ended'].replace('{day}', day(machine.endedAt))}`
            ) : (
              <EndForm
                t={t}
                action={action}
                of={{ code, client: machine.client }}
                what={t['organisations.endMachine']}
              />
            )}
            {machine.keys.map((key) => (
              <div>
                <code dir="ltr">{key.thumbprint}</code> ·{' '}
                {key.endedAt
                  ? t['organisations.ended'].replace('{day}', day(key.endedAt))
                  : t['organisations.inUse'].replace('{day}', day(key.knownAt))}
                {key.endedAt || machine.endedAt ? (
                  ''
                ) : (
                  <EndForm
                    t={t}
                    action={action}
                    of={{ code, client: machine.client, thumbprint: key.thumbprint }}
                    what={t['organisations.endKey']}
                  />
                )}
              </div>
            ))}
            {machine.keys.length === 0 ? <p>{t['organisations.noKeys']}</p> : ''}
          </li>
        ))}
      </ul>
      {inUse.length > 0 ? (
        <>
          <h2>{t['organisations.askKeys']}</h2>
          <PublicForm action={action}>
            <p>{t['provider.addKeys']}</p>
            <input type="hidden" name="code" value={code} />
            <Select
              name="client"
              id="keys-client"
              label={t['provider.client']}
              value={value('keys', 'client')}
              fault={faults['keys-client']}
              options={inUse.map(({ client }) => [client, client] as const)}
            />
            <Field
              name="keys"
              id="keys-keys"
              label={t['enrolment.keys']}
              lines={4}
              value={value('keys', 'keys')}
              fault={faults['keys-keys']}
              ltr
            />
            <Button name="act" value="keys">
              {t['complaint.send']}
            </Button>
          </PublicForm>
        </>
      ) : (
        ''
      )}
      <h2>{t['organisations.askMachine']}</h2>
      <PublicForm action={action}>
        <input type="hidden" name="code" value={code} />
        <Field
          name="client"
          id="machine-client"
          label={t['provider.machineName']}
          value={value('machine', 'client')}
          fault={faults['machine-client']}
          ltr
        />
        <Field
          name="keys"
          id="machine-keys"
          label={t['enrolment.keys']}
          lines={4}
          value={value('machine', 'keys')}
          fault={faults['machine-keys']}
          ltr
        />
        <Button name="act" value="machine">
          {t['complaint.send']}
        </Button>
      </PublicForm>
      <FirstRequest t={t} town={town} client={inUse[0]?.client} source={props.source} />
    </Page>
  )
}

/** What cannot be undone takes two presses: to say what, and to say that it is meant. */
function EndForm(props: { t: Texts; action: string; of: Record<string, string>; what: string }) {
  return (
    <Details summary={props.what}>
      <PublicForm action={props.action}>
        {Object.entries(props.of).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <Button warning name="act" value="end">
          {props.t['provider.sure']}
        </Button>
      </PublicForm>
    </Details>
  )
}

/** How its machine gets a token, and a whole program that asks. */
function FirstRequest(props: {
  t: Texts
  town: Municipality
  client: string | undefined
  source: { issuer: string; tokenEndpoint: string | undefined; audience: string } | undefined
}) {
  const { t, town, client, source } = props
  if (source === undefined || client === undefined) return ''
  const { issuer, tokenEndpoint, audience } = source
  return (
    <>
      <h2>{t['provider.first']}</h2>
      <Facts>
        <Fact name={t['provider.client']}>
          <code dir="ltr">{client}</code>
        </Fact>
        <Fact name={t['provider.tokenEndpoint']}>
          <code dir="ltr">{tokenEndpoint ?? issuer}</code>
        </Fact>
        <Fact name={t['provider.audience']}>
          <code dir="ltr">{audience}</code>
        </Fact>
      </Facts>
      {tokenEndpoint ? (
        <>
          <p>{t['provider.firstLead']}</p>
          <Details summary="first-request.mjs">
            <pre dir="ltr" tabindex={0}>
              <code>{firstRequest({ client, issuer, tokenEndpoint, audience, origin: town.issuer })}</code>
            </pre>
          </Details>
        </>
      ) : (
        ''
      )}
      <p>
        <a href="/docs">{t['page.api']}</a>
      </p>
    </>
  )
}
