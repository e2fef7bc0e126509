import { closes, FUNCTION_IDS, functionTitle } from '../../firewall/functions.ts'
import type { WaitingAct } from '../../oversight/decide-act.ts'
import { REPORTS_TO_SUSPEND } from '../../oversight/enrol.ts'
import type { OrganisationOutline } from '../../oversight/list-organisations.ts'
import { listText } from '../../platform/counted.ts'
import type { ApplicationToReview } from '../../requests/apply.ts'
import { dayText } from '../record/texts.ts'
import { Button, Field, Group, PostForm, Select, Tick } from '../ui/form.tsx'
import { Details, Fact, Facts, NextPage } from '../ui/parts.tsx'
import { Desk, type DeskContext } from './shell.tsx'
import { linkNames, WaitingActs, WiderRules } from './waiting-acts.tsx'

/** What an organisation says of itself, and the two answers. */
function ApplicationBox(props: { context: DeskContext; application: ApplicationToReview }) {
  const { context, application } = props
  const { t, language, session } = context
  const names = (id: string) => (id === 'other' ? t['enrolment.other'] : functionTitle(id, language))
  const { id, name, keys, receivedAt } = application
  const lines: [string, string][] =
    application.kind === 'enrol'
      ? [
          [t['organisations.identifier'], application.identifier],
          [t['enrolment.does'], listText(language, application.functions.map(names))],
          [t['enrolment.links'], application.links || '–'],
          [t['enrolment.need'], application.need],
          [t['enrolment.officer'], application.officer],
          [t['enrolment.contact'], application.contact],
          [t['enrolment.keys'], String(keys.length)],
        ]
      : [
          [t['organisations.machines'], application.client ?? '–'],
          [t['enrolment.keys'], keys.join(', ')],
        ]
  const what = {
    enrol: t['enrolment.title'],
    machine: t['organisations.askMachine'],
    keys: t['organisations.askKeys'],
  }[application.kind]
  return (
    <section class="govuk-inset-text" aria-labelledby={`application-${id}`}>
      <h3 id={`application-${id}`}>
        {what}: <bdi>{name}</bdi> · {dayText(language, receivedAt.slice(0, 10))}
      </h3>
      <Facts>
        {lines.map(([label, value]) => (
          <Fact name={label}>
            <span dir="auto">{value}</span>
          </Fact>
        ))}
      </Facts>
      {application.resembles.length > 0 ? (
        <p>
          <strong>{t['organisations.resembles']}:</strong> <bdi>{listText(language, application.resembles)}</bdi>
        </p>
      ) : (
        ''
      )}
      {application.proposed ? <p>{t['organisations.proposed']}</p> : ''}
      <PostForm action="/desk/organisations/applications" csrf={session.csrf}>
        <input type="hidden" name="application" value={id} />
        {application.kind === 'keys' || application.proposed ? (
          ''
        ) : (
          <Field
            name="client"
            id={`client-${id}`}
            label={t['organisations.clients']}
            value={application.kind === 'machine' ? application.client : undefined}
            ltr
          />
        )}
        <Field name="reason" id={`reason-${id}`} label={t['enrolment.reason']} lines={2} auto />
        <p class="govuk-button-group">
          {application.proposed ? (
            ''
          ) : (
            <Button name="act" value="enrol">
              {application.kind === 'enrol' ? t['organisations.add'] : t['organisations.approve']}
            </Button>
          )}
          <Button secondary name="act" value="refuse">
            {t['desk.refuse']}
          </Button>
        </p>
      </PostForm>
    </section>
  )
}

export function OrganisationsPage(props: {
  context: DeskContext
  organisations: readonly OrganisationOutline[]
  applications: readonly ApplicationToReview[]
  waiting: readonly WaitingAct[]
  /** Where the next pages of both lists begin. */
  more?: { applications: string | undefined; acts: string | undefined }
  /** The registry is closed: only what closes more can be done. */
  closed?: boolean
  /** Digest of the loaded rules, where they give more than the town has agreed to. */
  wider?: string | undefined
  /** Something wider was agreed to and has not begun. */
  begins?: boolean
}) {
  const { context, organisations, applications, waiting, more, closed, wider, begins } = props
  const { t, session } = context
  const names = new Map(organisations.map(({ id, name }) => [id, name]))
  const kinds: Record<string, string> = linkNames(t)
  // Several may have one name; no two have one number.
  const choices = organisations.map(
    ({ id, name, identifier }) => [id, identifier ? `${name} (${identifier})` : name] as const,
  )
  return (
    <Desk context={context} title={t['organisations.title']} here="/desk/organisations">
      <h1>{t['organisations.title']}</h1>
      {closed ? (
        <p class="govuk-inset-text">
          {t['session.locked']} <a href="/desk/lockdown">{t['desk.lockdown']}</a>
        </p>
      ) : (
        ''
      )}
      <p>{t['organisations.two']}</p>
      <WiderRules context={context} digest={wider} begins={begins} />
      <WaitingActs context={context} waiting={waiting} names={names} />
      {more?.acts ? (
        <p>
          <a href={`/desk/organisations?acts=${more.acts}`}>{t['desk.more']}</a>
        </p>
      ) : (
        ''
      )}
      {applications.length > 0 ? <h2>{t['organisations.whatWaits']}</h2> : ''}
      {applications.map((application) => (
        <ApplicationBox context={context} application={application} />
      ))}
      <NextPage
        t={t}
        path="/desk/organisations"
        more={more?.applications}
        first={context.query('after') === '' && context.query('acts') === ''}
      />
      {applications.length > 0 ? <h2>{t['organisations.title']}</h2> : ''}
      <ul class="cards">
        {organisations.map((organisation) => (
          <OrganisationCard context={context} organisation={organisation} names={names} closed={closed ?? false} />
        ))}
      </ul>
      {closed ? '' : <EnrolForm context={context} />}
      <Details summary={t['organisations.link']}>
        <PostForm action="/desk/organisations/link" csrf={session.csrf}>
          <Select name="organisation" id="link-organisation" label={t['organisations.name']} options={choices} />
          <Select name="kind" label={t['organisations.link']} options={Object.entries(kinds)} />
          <Select name="related" label={t['organisations.name']} options={choices} />
          <Button>{t['desk.save']}</Button>
        </PostForm>
      </Details>
      <Details summary={t['organisations.lend']}>
        <PostForm action="/desk/organisations/lent" csrf={session.csrf}>
          <Field name="staff" label={t['requester.staff']} required ltr />
          <Select name="organisation" id="lent-organisation" label={t['organisations.name']} options={choices} />
          <p class="govuk-button-group">
            <Button name="act" value="lend">
              {t['organisations.lend']}
            </Button>
            {closed ? (
              ''
            ) : (
              <Button secondary name="act" value="take-back">
                {t['organisations.takeBack']}
              </Button>
            )}
          </p>
        </PostForm>
      </Details>
      {closed ? '' : <WideningForms context={context} choices={choices} />}
    </Desk>
  )
}

/** What decides whether an organisation is answered: what it does, its links and attestation, what was reported of it; its machines. */
function OrganisationCard(props: {
  context: DeskContext
  organisation: OrganisationOutline
  names: ReadonlyMap<string, string>
  closed: boolean
}) {
  const { context, organisation, names, closed } = props
  const { t, language, session } = context
  const { id, functions, reports, suspendedAt, machines } = organisation
  const kinds: Record<string, string> = linkNames(t)
  const day = (instant: string) => dayText(language, instant.slice(0, 10))
  const counted = reports.upheld + reports.waiting > 0
  return (
    <li>
      <strong>
        <bdi>{[organisation.name, ...organisation.aliases].join(' / ')}</bdi>
      </strong>{' '}
      <span dir="ltr">{organisation.identifier ?? ''}</span>
      <br />
      {functions.length === 0
        ? t['organisations.noFunction']
        : listText(
            language,
            functions.map((one) => functionTitle(one, language)),
          )}
      {functions.length > 0 && closes(functions) ? ` (${t['organisations.never']})` : ''}
      <br />
      {organisation.attestedUntil
        ? t['organisations.until'].replace('{day}', day(organisation.attestedUntil))
        : t['organisations.noAttestation']}
      {suspendedAt ? (
        <>
          <br />
          <strong>{t['organisations.suspended'].replace('{day}', day(suspendedAt))}</strong>
        </>
      ) : (
        ''
      )}
      {organisation.links.map(({ kind, relatedId }) => (
        <>
          <br />
          {kinds[kind]} <bdi>{names.get(relatedId) ?? '…'}</bdi>
        </>
      ))}
      {counted ? (
        <p>
          {t['organisations.reportCount']
            .replace('{upheld}', String(reports.upheld))
            .replace('{waiting}', String(reports.waiting))}
        </p>
      ) : (
        ''
      )}
      {!closed && suspendedAt === null && reports.upheld >= REPORTS_TO_SUSPEND ? (
        <PostForm action="/desk/organisations/suspend" csrf={session.csrf}>
          <input type="hidden" name="organisation" value={id} />
          <p class="govuk-hint">{t['organisations.suspendHint']}</p>
          <Button warning>{t['organisations.suspend']}</Button>
        </PostForm>
      ) : (
        ''
      )}
      {machines.length === 0 ? (
        ''
      ) : (
        <Details
          summary={`${t['organisations.machines']} (${machines.filter(({ endedAt }) => endedAt === null).length})`}
        >
          <ul>
            {machines.map((machine) => (
              <li>
                <strong dir="ltr">{machine.client}</strong>
                {machine.endedAt ? (
                  ` · ${t['organisations.ended'].replace('{day}', day(machine.endedAt))}`
                ) : (
                  <EndButton
                    context={context}
                    of={{ organisation: id, client: machine.client }}
                    text={t['organisations.endMachine']}
                  />
                )}
                {machine.keys.map(({ thumbprint, knownAt, endedAt }) => (
                  <div>
                    <code dir="ltr">{thumbprint}</code> ·{' '}
                    {endedAt
                      ? t['organisations.ended'].replace('{day}', day(endedAt))
                      : t['organisations.inUse'].replace('{day}', day(knownAt))}
                    {endedAt || machine.endedAt ? (
                      ''
                    ) : (
                      <EndButton
                        context={context}
                        of={{ organisation: id, client: machine.client, thumbprint }}
                        text={t['organisations.endKey']}
                      />
                    )}
                  </div>
                ))}
              </li>
            ))}
          </ul>
          {closed ? (
            ''
          ) : (
            <PostForm action="/desk/organisations/code" csrf={session.csrf}>
              <input type="hidden" name="organisation" value={id} />
              <p class="govuk-hint">{t['organisations.newCodeHint']}</p>
              <Button secondary>{t['organisations.newCode']}</Button>
            </PostForm>
          )}
        </Details>
      )}
    </li>
  )
}

/** The new code of an organisation, shown once. */
export function GivenCodePage(props: { context: DeskContext; code: string }) {
  const { context, code } = props
  return (
    <Desk context={context} title={context.t['organisations.title']} here="/desk/organisations">
      <h1>{context.t['organisations.newCode']}</h1>
      <p>{context.t['organisations.givenCode']}</p>
      <p class="digits code" dir="ltr">
        {code}
      </p>
      <p>
        <a href="/desk/organisations">{context.t['desk.back']}</a>
      </p>
    </Desk>
  )
}

/** A new organisation, which two officers enrol. */
function EnrolForm({ context }: { context: DeskContext }) {
  const { t, language, session } = context
  return (
    <Details summary={t['organisations.add']}>
      <PostForm action="/desk/organisations" csrf={session.csrf}>
        <Field name="name" label={t['organisations.name']} required auto />
        <Field
          name="identifier"
          label={t['organisations.identifier']}
          hint={t['organisations.identifierHint']}
          required
          ltr
        />
        <Group name="functions" legend={t['enrolment.does']}>
          {FUNCTION_IDS.map((one) => (
            <Tick
              name={`does-${one}`}
              label={
                closes([one])
                  ? `${functionTitle(one, language)} (${t['organisations.never']})`
                  : functionTitle(one, language)
              }
              on={false}
            />
          ))}
        </Group>
        <Field name="signed" label={t['organisations.signed']} auto />
        <Field name="clients" label={t['organisations.clients']} />
        <Button>{t['desk.save']}</Button>
      </PostForm>
    </Details>
  )
}

/** Other names, machines and attestations of organisations that are known. */
function WideningForms(props: { context: DeskContext; choices: readonly (readonly [string, string])[] }) {
  const { context, choices } = props
  const { t, session } = context
  return (
    <>
      <Details summary={t['organisations.same']}>
        <PostForm action="/desk/organisations/same" csrf={session.csrf}>
          <Select name="organisation" id="same-organisation" label={t['organisations.name']} options={choices} />
          <Field name="named" label={t['organisations.sameHint']} required ltr />
          <p class="govuk-button-group">
            <Button name="act" value="machine">
              {t['organisations.machine']}
            </Button>
            <Button secondary name="act" value="alias">
              {t['organisations.alias']}
            </Button>
          </p>
        </PostForm>
      </Details>
      <Details summary={t['organisations.renew']}>
        <PostForm action="/desk/organisations/attestation" csrf={session.csrf}>
          <Select name="organisation" id="attestation-organisation" label={t['organisations.name']} options={choices} />
          <Field name="signed" id="attestation-signed" label={t['organisations.signed']} required auto />
          <Button>{t['desk.save']}</Button>
        </PostForm>
      </Details>
    </>
  )
}

/** Ends a machine or a key, at once. */
function EndButton(props: { context: DeskContext; of: Record<string, string>; text: string }) {
  return (
    <Details summary={props.text}>
      <PostForm action="/desk/organisations/end" csrf={props.context.session.csrf}>
        {Object.entries(props.of).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <Button warning>{props.context.t['provider.sure']}</Button>
      </PostForm>
    </Details>
  )
}
