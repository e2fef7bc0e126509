import { closes, FUNCTION_IDS, functionTitle } from '../../firewall/functions.ts'
import { REPORTS_TO_SUSPEND } from '../../oversight/enrolment.ts'
import type { WaitingAct } from '../../oversight/officer-acts.ts'
import type { OrganisationOutline } from '../../oversight/organisation-list.ts'
import { listText } from '../../platform/counted.ts'
import type { ApplicationToReview } from '../../requests/applications.ts'
import { dayText } from '../record/texts.ts'
import { Button, Field, Group, PostForm, Select, Tick } from '../ui/form.tsx'
import { Details, Fact, Facts, NextPage } from '../ui/parts.tsx'
import { Desk, type DeskContext } from './shell.tsx'
import { linkNames, WaitingActs } from './waiting-acts.tsx'

/** What an organisation says of itself, and the two answers. */
function ApplicationBox(props: { context: DeskContext; application: ApplicationToReview }) {
  const { context, application } = props
  const { t, language, session } = context
  const names = (id: string) => (id === 'other' ? t.aOther : functionTitle(id, language))
  const { id, name, keys, receivedAt } = application
  const lines: [string, string][] =
    application.kind === 'enrol'
      ? [
          [t.gIdentifier, application.identifier],
          [t.aDoes, listText(language, application.functions.map(names))],
          [t.aLinks, application.links || '–'],
          [t.aNeed, application.need],
          [t.aOfficer, application.officer],
          [t.aContact, application.contact],
          [t.aKeys, String(keys.length)],
        ]
      : [
          [t.gMachines, application.client ?? '–'],
          [t.aKeys, keys.join(', ')],
        ]
  const what = { enrol: t.aTitle, machine: t.gAskMachine, keys: t.gAskKeys }[application.kind]
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
          <strong>{t.gResembles}:</strong> <bdi>{listText(language, application.resembles)}</bdi>
        </p>
      ) : (
        ''
      )}
      {application.proposed ? <p>{t.gProposed}</p> : ''}
      <PostForm action="/desk/organisations/applications" csrf={session.csrf}>
        <input type="hidden" name="application" value={id} />
        {application.kind === 'keys' || application.proposed ? (
          ''
        ) : (
          <Field
            name="client"
            id={`client-${id}`}
            label={t.gClients}
            value={application.kind === 'machine' ? application.client : undefined}
            ltr
          />
        )}
        <Field name="reason" id={`reason-${id}`} label={t.aReason} lines={2} auto />
        <p class="govuk-button-group">
          {application.proposed ? (
            ''
          ) : (
            <Button name="act" value="enrol">
              {application.kind === 'enrol' ? t.gAdd : t.gApprove}
            </Button>
          )}
          <Button secondary name="act" value="refuse">
            {t.dRefuse}
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
}) {
  const { context, organisations, applications, waiting, more, closed } = props
  const { t, session } = context
  const names = new Map(organisations.map(({ id, name }) => [id, name]))
  const kinds: Record<string, string> = linkNames(t)
  // Several may have one name; no two have one number.
  const choices = organisations.map(
    ({ id, name, identifier }) => [id, identifier ? `${name} (${identifier})` : name] as const,
  )
  return (
    <Desk context={context} title={t.gTitle} here="/desk/organisations">
      <h1>{t.gTitle}</h1>
      {closed ? (
        <p class="govuk-inset-text">
          {t.xLocked} <a href="/desk/lockdown">{t.dLockdown}</a>
        </p>
      ) : (
        ''
      )}
      <p>{t.gTwo}</p>
      <WaitingActs context={context} waiting={waiting} names={names} />
      {more?.acts ? (
        <p>
          <a href={`/desk/organisations?acts=${more.acts}`}>{t.dMore}</a>
        </p>
      ) : (
        ''
      )}
      {applications.length > 0 ? <h2>{t.gWhatWaits}</h2> : ''}
      {applications.map((application) => (
        <ApplicationBox context={context} application={application} />
      ))}
      <NextPage
        t={t}
        path="/desk/organisations"
        more={more?.applications}
        first={context.query('after') === '' && context.query('acts') === ''}
      />
      {applications.length > 0 ? <h2>{t.gTitle}</h2> : ''}
      <ul class="cards">
        {organisations.map((organisation) => (
          <OrganisationCard context={context} organisation={organisation} names={names} closed={closed ?? false} />
        ))}
      </ul>
      {closed ? '' : <EnrolForm context={context} />}
      <Details summary={t.gLink}>
        <PostForm action="/desk/organisations/link" csrf={session.csrf}>
          <Select name="organisation" id="link-organisation" label={t.gName} options={choices} />
          <Select name="kind" label={t.gLink} options={Object.entries(kinds)} />
          <Select name="related" label={t.gName} options={choices} />
          <Button>{t.dSave}</Button>
        </PostForm>
      </Details>
      <Details summary={t.gLend}>
        <PostForm action="/desk/organisations/lent" csrf={session.csrf}>
          <Field name="staff" label={t.whoStaff} required ltr />
          <Select name="organisation" id="lent-organisation" label={t.gName} options={choices} />
          <p class="govuk-button-group">
            <Button name="act" value="lend">
              {t.gLend}
            </Button>
            {closed ? (
              ''
            ) : (
              <Button secondary name="act" value="take-back">
                {t.gTakeBack}
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
        ? t.gNoFunction
        : listText(
            language,
            functions.map((one) => functionTitle(one, language)),
          )}
      {functions.length > 0 && closes(functions) ? ` (${t.gNever})` : ''}
      <br />
      {organisation.attestedUntil ? t.gUntil.replace('{day}', day(organisation.attestedUntil)) : t.gNoAttestation}
      {suspendedAt ? (
        <>
          <br />
          <strong>{t.gSuspended.replace('{day}', day(suspendedAt))}</strong>
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
          {t.gReportCount.replace('{upheld}', String(reports.upheld)).replace('{waiting}', String(reports.waiting))}
        </p>
      ) : (
        ''
      )}
      {!closed && suspendedAt === null && reports.upheld >= REPORTS_TO_SUSPEND ? (
        <PostForm action="/desk/organisations/suspend" csrf={session.csrf}>
          <input type="hidden" name="organisation" value={id} />
          <p class="govuk-hint">{t.gSuspendHint}</p>
          <Button warning>{t.gSuspend}</Button>
        </PostForm>
      ) : (
        ''
      )}
      {machines.length === 0 ? (
        ''
      ) : (
        <Details summary={`${t.gMachines} (${machines.filter(({ endedAt }) => endedAt === null).length})`}>
          <ul>
            {machines.map((machine) => (
              <li>
                <strong dir="ltr">{machine.client}</strong>
                {machine.endedAt ? (
                  ` · ${t.gEnded.replace('{day}', day(machine.endedAt))}`
                ) : (
                  <EndButton context={context} of={{ organisation: id, client: machine.client }} text={t.gEndMachine} />
                )}
                {machine.keys.map(({ thumbprint, knownAt, endedAt }) => (
                  <div>
                    <code dir="ltr">{thumbprint}</code> ·{' '}
                    {endedAt ? t.gEnded.replace('{day}', day(endedAt)) : t.gInUse.replace('{day}', day(knownAt))}
                    {endedAt || machine.endedAt ? (
                      ''
                    ) : (
                      <EndButton
                        context={context}
                        of={{ organisation: id, client: machine.client, thumbprint }}
                        text={t.gEndKey}
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
              <p class="govuk-hint">{t.gNewCodeHint}</p>
              <Button secondary>{t.gNewCode}</Button>
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
    <Desk context={context} title={context.t.gTitle} here="/desk/organisations">
      <h1>{context.t.gNewCode}</h1>
      <p>{context.t.gGivenCode}</p>
      <p class="digits code" dir="ltr">
        {code}
      </p>
      <p>
        <a href="/desk/organisations">{context.t.dBack}</a>
      </p>
    </Desk>
  )
}

/** A new organisation, which two officers enrol. */
function EnrolForm({ context }: { context: DeskContext }) {
  const { t, language, session } = context
  return (
    <Details summary={t.gAdd}>
      <PostForm action="/desk/organisations" csrf={session.csrf}>
        <Field name="name" label={t.gName} required auto />
        <Field name="identifier" label={t.gIdentifier} hint={t.gIdentifierHint} required ltr />
        <Group name="functions" legend={t.aDoes}>
          {FUNCTION_IDS.map((one) => (
            <Tick
              name={`does-${one}`}
              label={closes([one]) ? `${functionTitle(one, language)} (${t.gNever})` : functionTitle(one, language)}
              on={false}
            />
          ))}
        </Group>
        <Field name="signed" label={t.gSigned} auto />
        <Field name="clients" label={t.gClients} />
        <Button>{t.dSave}</Button>
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
      <Details summary={t.gSame}>
        <PostForm action="/desk/organisations/same" csrf={session.csrf}>
          <Select name="organisation" id="same-organisation" label={t.gName} options={choices} />
          <Field name="named" label={t.gSameHint} required ltr />
          <p class="govuk-button-group">
            <Button name="act" value="machine">
              {t.gMachine}
            </Button>
            <Button secondary name="act" value="alias">
              {t.gAlias}
            </Button>
          </p>
        </PostForm>
      </Details>
      <Details summary={t.gRenew}>
        <PostForm action="/desk/organisations/attestation" csrf={session.csrf}>
          <Select name="organisation" id="attestation-organisation" label={t.gName} options={choices} />
          <Field name="signed" id="attestation-signed" label={t.gSigned} required auto />
          <Button>{t.dSave}</Button>
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
        <Button warning>{props.context.t.vpSure}</Button>
      </PostForm>
    </Details>
  )
}
