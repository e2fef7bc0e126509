import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { route } from '../../http/route.ts'
import type { App } from '../../identity/app.ts'
import { Problem } from '../../platform/problem.ts'
import { uuidIn } from '../../platform/uuid.ts'
import { ProfileId, profiles } from '../../proofs/profiles.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import { complain, follow, SERVICE_FAULTS } from '../../requests/complain.ts'
import { type ReportedOrganisation, whoGives } from '../../requests/service-reports.ts'
import type { Municipality } from '../../town/model.ts'
import { nameIn, readerOf } from '../reader.ts'
import { dayText } from '../record/texts.ts'
import { pageOf } from '../signed-in.tsx'
import { Button, ErrorSummary, type Faults, Field, PublicForm, Select } from '../ui/form.tsx'
import { type Language, LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { Done } from '../ui/parts.tsx'

const Report = z.strictObject({
  service: ProfileId,
  organisationId: z.uuid().optional(),
  fault: z.enum(SERVICE_FAULTS),
})
const LONGEST = 10_000

/** A service that asks for too much or turns somebody away: reported by anyone with one press, without a name and without signing in. */
export function serviceReportPages(app: App, deps: RegistryDeps): void {
  route(app, { kind: 'public', method: 'get', path: '/complain/service', quiet: true }, async (request) => {
    const { town, language } = readerOf(request)
    const service = request.query('service')
    const page = { town, language, service, givers: await whoGives(deps, town) }
    return pageOf(<ServiceReportPage {...page} />)
  })
  route(app, { kind: 'public', method: 'post', path: '/complain/service', quiet: true }, async (request) => {
    const { town, language } = readerOf(request)
    const t = LOCALES[language]
    const form = await request.form()
    const givers = await whoGives(deps, town)
    const organisation = form.get('organisation')
    const service = form.get('service')
    const text = form.get('text')
    const page = { town, language, service, givers, text, organisation }
    const report = Report.safeParse({
      service,
      ...(organisation ? { organisationId: organisation } : {}),
      fault: form.get('fault'),
    })
    const known = organisation === '' || givers.get(service)?.some(({ id }) => id === organisation)
    const faults: Faults = {
      ...(text.length > LONGEST ? { text: t['hearing.tooLong'] } : {}),
      ...(report.success && known ? {} : { [known ? 'service' : 'organisation']: t['problem.wrongHere'] }),
    }
    if (!report.success || Object.keys(faults).length > 0)
      return pageOf(<ServiceReportPage {...page} faults={faults} />, 422)
    const idempotencyKey = uuidIn(form.get('idempotencyKey'))
    const said = {
      kind: 'service' as const,
      request: { asks: 'words' as const, text },
      language,
      idempotencyKey,
      report: report.data,
    }
    const complaint = await complain(deps, town, { complaint: said, source: request.source }).catch(
      (error: unknown) => {
        if (error instanceof Problem && error.status === 429) return undefined
        throw error
      },
    )
    if (complaint === undefined)
      return pageOf(<ServiceReportPage {...page} faults={{ text: t['problem.many'] }} />, 429)
    const { reference } = complaint
    const dueOn = (await follow(deps, town, { typed: reference }))?.dueOn
    return pageOf(<ServiceReportPage {...page} text="" receipt={{ reference, dueOn }} />, 201)
  })
}

/**
 * Two buttons: it asked for more than it may learn; it turned a valid proof away. Which organisation it was is known where only
 * one gives the service, and otherwise asked.
 */
export function ServiceReport(props: {
  language: Language
  service: string
  givers: readonly ReportedOrganisation[]
  chosen?: string
  /** Whether it may be said in words too. */
  words?: { text: string; faults: Faults }
}) {
  const { language, service, givers, words } = props
  const t = LOCALES[language]
  const [only] = givers.length === 1 ? givers : []
  return (
    <PublicForm action={`/complain/service?lang=${language}`}>
      <input type="hidden" name="service" value={service} />
      <input type="hidden" name="idempotencyKey" value={randomUUID()} />
      {only ? (
        <>
          <input type="hidden" name="organisation" value={only.id} />
          <p>
            <bdi>{only.name}</bdi>
          </p>
        </>
      ) : givers.length > 1 ? (
        <Select
          name="organisation"
          id={`which-${service}`}
          label={t['serviceReport.which']}
          value={props.chosen ?? ''}
          fault={words?.faults.organisation}
          options={[['', t['serviceReport.unknown']], ...givers.map(({ id, name }) => [id, name] as const)]}
        />
      ) : (
        ''
      )}
      {words ? (
        <Field
          name="text"
          label={t['serviceReport.words']}
          lines={4}
          value={words.text}
          fault={words.faults.text}
          auto
        />
      ) : (
        ''
      )}
      <p class="govuk-button-group">
        <Button secondary name="fault" value="too-much">
          {t['serviceReport.tooMuch']}
        </Button>
        <Button secondary name="fault" value="turned-away">
          {t['serviceReport.turnedAway']}
        </Button>
      </p>
    </PublicForm>
  )
}

function ServiceReportPage(props: {
  town: Municipality
  language: Language
  service: string
  givers: ReadonlyMap<string, ReportedOrganisation[]>
  organisation?: string
  text?: string
  faults?: Faults
  receipt?: { reference: string; dueOn: string | undefined }
}) {
  const { town, language, service, givers, organisation = '', text = '', faults = {}, receipt: sent } = props
  const t = LOCALES[language]
  const name = nameIn(town, language)
  const profile = profiles.get(service)
  return (
    <Page title={name} language={language} town={name}>
      <Languages language={language} path={`/complain/service?service=${profile?.id ?? ''}`} />
      <h1>{t['serviceReport.title']}</h1>
      {sent ? (
        <Done>
          <p>{t['serviceReport.sent'].replace('{day}', dayText(language, sent.dueOn))}</p>
          <p class="digits code" dir="ltr">
            {sent.reference}
          </p>
          <p>
            <a href={`/complain?lang=${language}`}>{t['complaint.follow']}</a>
          </p>
        </Done>
      ) : (
        ''
      )}
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <p class="lead">{t['serviceReport.lead']}</p>
      {sent ? (
        ''
      ) : profile ? (
        <>
          <h2>{profile.title[language]}</h2>
          <p>
            <a href={`/services?lang=${language}#${profile.id}`}>{t['services.title']}</a>
          </p>
          <ServiceReport
            language={language}
            service={profile.id}
            givers={givers.get(profile.id) ?? []}
            chosen={organisation}
            words={{ text, faults }}
          />
        </>
      ) : (
        <ul class="cards" id="service">
          {[...profiles.values()].map(({ id, title }) => (
            <li>
              <a href={`/complain/service?service=${id}&lang=${language}`}>{title[language]}</a>
            </li>
          ))}
        </ul>
      )}
    </Page>
  )
}
