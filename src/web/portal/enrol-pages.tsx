import { SaysTooMuch } from '../../firewall/free-text.ts'
import { closes, functionTitle } from '../../firewall/functions.ts'
import type { Form } from '../../http/form.ts'
import { route } from '../../http/route.ts'
import type { App } from '../../identity/app.ts'
import { thumbprintsIn } from '../../identity/public-keys.ts'
import { Problem } from '../../platform/problem.ts'
import { Application, type ApplicationState, applicationState, applyToAsk, DOES } from '../../requests/apply.ts'
import { organisationOf } from '../../requests/providers.ts'
import { PlainTick, plainFaults, plainIn } from '../plain.tsx'
import { nameIn, readerOf } from '../reader.ts'
import { pageOf } from '../signed-in.tsx'
import { Button, ErrorSummary, type Faults, Field, Group, PublicForm, Tick } from '../ui/form.tsx'
import { type Language, LOCALES, type Texts } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { Done } from '../ui/parts.tsx'
import { boxText } from '../ui/problem-page.tsx'
import type { PortalDeps } from './deps.ts'
import { ownPage } from './provider-pages.tsx'

/** Where organisations whose machines must ask say who they are. */
export function enrolPages(app: App, deps: PortalDeps): void {
  route(app, { kind: 'public', method: 'get', path: '/providers/enrol' }, async (request) => {
    const { town, language } = readerOf(request)
    return pageOf(<EnrolOrganisationPage town={nameIn(town, language)} language={language} />)
  })
  route(app, { kind: 'public', method: 'post', path: '/providers/enrol' }, async (request) => {
    const { town, language } = readerOf(request)
    const t = LOCALES[language]
    const form = await request.form()
    const keys = await thumbprintsIn(form.get('keys'))
    const text = (name: string) => form.get(name)
    const typed = {
      name: text('name'),
      identifier: text('identifier'),
      functions: DOES.filter((one) => form.has(`does-${one}`)),
      links: text('links'),
      officer: text('officer'),
      contact: text('contact'),
      need: text('need'),
      keys: keys ?? [],
      ...plainIn(form),
    }
    const parsed = Application.safeParse(typed)
    const faults: Record<string, string> = {}
    for (const { code, path } of parsed.error?.issues ?? []) {
      const name = String(path[0])
      faults[name] = boxText(t, text(name), code === 'too_big')
    }
    if (keys === undefined) faults.keys = t['enrolment.keysWrong']
    if (!form.has('attestation')) faults.attestation = t['enrolment.missing']
    const page = { town: nameIn(town, language), language }
    if (!parsed.success || Object.keys(faults).length > 0)
      return pageOf(<EnrolOrganisationPage {...page} typed={form} faults={faults} />, 422)
    try {
      const { reference } = await applyToAsk(deps, town, { application: parsed.data, source: request.source })
      return pageOf(<EnrolOrganisationPage {...page} code={reference} />, 201)
    } catch (error) {
      if (error instanceof Problem && error.status === 429)
        return pageOf(
          <EnrolOrganisationPage {...page} typed={form} faults={{ name: t['problem.many'] }} />,
          429,
        ).because(error)
      if (!(error instanceof SaysTooMuch)) throw error
      return pageOf(<EnrolOrganisationPage {...page} typed={form} faults={heldIn(form, t)} />, 422)
    }
  })
  route(app, { kind: 'public', method: 'post', path: '/providers/enrol/follow' }, async (request) => {
    const { town, language } = readerOf(request)
    const form = await request.form()
    const code = form.get('code')
    const organisationId = await organisationOf(deps, town, code)
    const application = await applicationState(deps, town, code)
    if (organisationId !== undefined)
      return pageOf(
        await ownPage(deps, town, {
          language,
          organisationId,
          code,
          said: { done: LOCALES[language]['enrolment.enrolled'] },
        }),
      )
    const page = { town: nameIn(town, language), language }
    if (application === undefined)
      return pageOf(<EnrolOrganisationPage {...page} faults={{ code: LOCALES[language]['complaint.none'] }} />, 404)
    return pageOf(<EnrolOrganisationPage {...page} application={application} />)
  })
}

/** The boxes that say too much, each with the reason. */
const heldIn = (form: Form, t: Texts): Faults =>
  plainFaults(t, Object.fromEntries(form.entries()), (name) =>
    name === 'contact' || name === 'need' ? 'plain' : name === 'name' || name === 'officer' ? 'name' : 'passing',
  )

/** What each function is called, and which of them is never answered. */
const doesLabel = (t: Texts, language: Language, id: (typeof DOES)[number]) =>
  id === 'other'
    ? t['enrolment.other']
    : closes([id])
      ? `${functionTitle(id, language)} (${t['organisations.never']})`
      : functionTitle(id, language)

function EnrolOrganisationPage(props: {
  town: string
  language: Language
  typed?: Form
  faults?: Faults
  code?: string
  application?: ApplicationState
}) {
  const { town, language, typed, faults = {}, code: sent, application: standing } = props
  const t = LOCALES[language]
  const value = (name: string) => typed?.get(name) ?? ''
  return (
    <Page title={`${t['enrolment.title']} · ${town}`} language={language} town={town}>
      <Languages language={language} path="/providers/enrol" />
      <h1>{t['enrolment.title']}</h1>
      {sent ? (
        <Done>
          <p>{t['enrolment.sent']}</p>
          <p class="digits code" dir="ltr">
            {sent}
          </p>
        </Done>
      ) : (
        ''
      )}
      {standing === undefined ? (
        ''
      ) : (
        <div class="govuk-inset-text" role="status">
          <p>{standing.state === 'waiting' ? t['enrolment.waiting'] : t['enrolment.refused']}</p>
          {standing.reason ? <p dir="auto">{standing.reason}</p> : ''}
        </div>
      )}
      <p class="lead">{t['enrolment.lead']}</p>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <PublicForm action={`/providers/enrol?lang=${language}`}>
        {typed ? <PlainTick t={t} faults={heldIn(typed, t)} /> : ''}
        <Field name="name" label={t['organisations.name']} value={value('name')} fault={faults.name} auto />
        <Field
          name="identifier"
          label={t['organisations.identifier']}
          hint={t['organisations.identifierHint']}
          value={value('identifier')}
          fault={faults.identifier}
          ltr
        />
        <Group name="functions" legend={t['enrolment.does']} fault={faults.functions}>
          {DOES.map((one) => (
            <Tick name={`does-${one}`} label={doesLabel(t, language, one)} on={typed?.has(`does-${one}`) ?? false} />
          ))}
        </Group>
        <Field
          name="links"
          label={t['enrolment.links']}
          hint={t['enrolment.linksHint']}
          lines={3}
          value={value('links')}
          fault={faults.links}
          auto
        />
        <Field name="need" label={t['enrolment.need']} lines={3} value={value('need')} fault={faults.need} auto />
        <Field name="officer" label={t['enrolment.officer']} value={value('officer')} fault={faults.officer} auto />
        <Field name="contact" label={t['enrolment.contact']} value={value('contact')} fault={faults.contact} auto />
        <Field
          name="keys"
          label={t['enrolment.keys']}
          hint={t['enrolment.keysHint']}
          lines={4}
          value={value('keys')}
          fault={faults.keys}
        />
        <Tick
          name="attestation"
          label={t['enrolment.attestation']}
          on={typed?.has('attestation') ?? false}
          fault={faults.attestation}
        />
        <Button>{t['complaint.send']}</Button>
      </PublicForm>
      <h2>{t['complaint.follow']}</h2>
      <PublicForm action={`/providers/enrol/follow?lang=${language}`}>
        <Field name="code" label={t['complaint.follow']} fault={faults.code} required />
        <Button>{t['check.go']}</Button>
      </PublicForm>
    </Page>
  )
}
