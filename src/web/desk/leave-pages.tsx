import type { Child } from 'hono/jsx'
import { counted } from '../../platform/counted.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { Leaving, ProceedingToDecide } from '../../registry/departure/hearing.ts'
import type { Departure } from '../../registry/departure/record-departure.ts'
import { informantNames, proceedingNames, saidByNames } from '../record/proceeding-names.ts'
import { bornText, dayText } from '../record/texts.ts'
import type { Typed } from '../record/typed.ts'
import { Button, DateField, ErrorSummary, type Faults, Field, PostForm, Radios } from '../ui/form.tsx'
import { Fact, Facts } from '../ui/parts.tsx'
import { Tabs } from './neighbour-past-page.tsx'
import { ProceedingBox } from './proceeding-box.tsx'
import { Desk, type DeskContext } from './shell.tsx'

interface PageProps {
  context: DeskContext
  leaving: Leaving
  day: Temporal.PlainDate
  idempotencyKey: string
}

/** Leaving: at once where somebody died or says so themselves; else with the neighbour heard. */
export function LeavePage(props: PageProps & { typed: Typed; faults?: Faults }) {
  const { context, leaving, typed, faults = {}, day, idempotencyKey } = props
  const { t } = context
  return (
    <Desk context={context} title={t['desk.leave']}>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <h1>{t['desk.leave']}</h1>
      <Tabs context={context} id={leaving.id} here="leave" />
      {leaving.departedOn ? (
        <p class="govuk-inset-text">{t['desk.gone'].replace('{day}', dayText(context.language, leaving.departedOn))}</p>
      ) : (
        ''
      )}
      {leaving.proceeding ? (
        <ProceedingBox
          context={context}
          proceeding={leaving.proceeding}
          typed={typed}
          faults={faults}
          day={day}
          idempotencyKey={idempotencyKey}
        />
      ) : (
        ''
      )}
      {leaving.proceeding ? <h2>{t['leaving.otherwise']}</h2> : ''}
      <LeaveForm {...props} typed={typed} faults={faults} />
    </Desk>
  )
}

function LeaveForm(props: PageProps & { typed: Typed; faults: Faults }) {
  const { context, leaving, typed, faults, idempotencyKey } = props
  const { t, session } = context
  const labels = { day: t['desk.day'], month: t['desk.month'], year: t['desk.year'] }
  const how = saidByNames(t)
  const who = informantNames(t)
  const heard = [
    { value: 'moved-away-heard', label: t['leaving.others'] },
    { value: 'wrongly-registered', label: t['desk.wrongly'] },
  ]
  return (
    <PostForm action={`/desk/neighbours/${leaving.id}/leave`} csrf={session.csrf}>
      <p>
        <a href={`/desk/neighbours/${leaving.id}/join`}>{t['join.join']}</a>
      </p>
      <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
      <input type="hidden" name="version" value={typed.version ?? String(leaving.version)} />
      <Radios
        name="cause"
        legend={t['leaving.what']}
        value={typed.cause ?? (leaving.departedOn ? 'death' : '')}
        fault={faults.cause}
        choices={[
          { value: 'death', label: t['desk.died'] },
          ...(leaving.departedOn
            ? []
            : [
                {
                  value: 'moved-away',
                  label: t['leaving.self'],
                  more: (
                    <Radios
                      name="saidBy"
                      legend={t['leaving.how']}
                      value={typed.saidBy ?? ''}
                      fault={faults.saidBy}
                      choices={Object.entries(how).map(([value, label]) => ({ value, label }))}
                    />
                  ),
                },
              ]),
          // Who is heard already has one proceeding, and no more.
          ...(leaving.proceeding || leaving.departedOn ? [] : heard),
        ]}
      />
      <DateField
        name="on"
        legend={t['desk.on']}
        hint={t['leaving.onHint']}
        fault={faults.on}
        labels={labels}
        value={(part) => typed[`on-${part}`] ?? ''}
      />
      {leaving.proceeding || leaving.departedOn ? (
        ''
      ) : (
        <>
          <h2>{t['leaving.heard']}</h2>
          <p>{t['leaving.heardLead']}</p>
          <Radios
            name="informant"
            legend={t['leaving.informant']}
            value={typed.informant ?? ''}
            fault={faults.informant}
            choices={Object.entries(who).map(([value, label]) => ({ value, label }))}
          />
          <Field
            name="reason"
            label={t['desk.reason']}
            hint={t['leaving.reasonHint']}
            fault={faults.reason}
            value={typed.reason ?? ''}
            lines={3}
            maxlength={2000}
            auto
          />
        </>
      )}
      <Button>{t['desk.continue']}</Button>
    </PostForm>
  )
}

/** Who it is about, so that nobody is taken for somebody else. */
export function WhoFacts(props: { context: DeskContext; leaving: Leaving; children: Child }) {
  const { context, leaving, children } = props
  const { t, language } = context
  return (
    <Facts>
      <Fact name={t['desk.who']}>
        <bdi data-whom="yes">{leaving.name ? nameText(leaving.name, t['page.newbornOf']) : '…'}</bdi>
      </Fact>
      <Fact name={t['desk.born']}>{bornText(language, leaving.dateOfBirth)}</Fact>
      {children}
    </Facts>
  )
}

/** Asks once more: of whom, what, and from which day. Nothing was written down yet. */
export function AskAgainPage(props: {
  context: DeskContext
  leaving: Leaving
  departure: Departure
  typed: Typed
  day: Temporal.PlainDate
}) {
  const { context, leaving, departure, typed, day } = props
  const { t, language, town, session } = context
  const heard = 'reason' in departure && departure.reason !== undefined
  const on = ('on' in departure && departure.on) || day.toString()
  const back = `/desk/neighbours/${leaving.id}`
  return (
    <Desk context={context} title={t['leaving.ask']}>
      <h1>{t['leaving.ask']}</h1>
      <WhoFacts context={context} leaving={leaving}>
        <Fact name={heard ? t['leaving.believed'] : t['leaving.what']}>
          {departure.cause === 'death' ? t['desk.died'] : proceedingNames(t)[departure.cause]}
        </Fact>
        {'saidBy' in departure && departure.saidBy ? (
          <Fact name={t['leaving.how']}>{saidByNames(t)[departure.saidBy]}</Fact>
        ) : (
          ''
        )}
        {heard ? (
          <>
            <Fact name={t['leaving.informant']}>{informantNames(t)[departure.informant ?? 'staff']}</Fact>
            <Fact name={t['desk.reason']}>
              <span dir="auto">{departure.reason}</span>
            </Fact>
            <Fact name={t['leaving.effect']}>
              {t['leaving.effectHeard'].replace(
                '{day}',
                dayText(language, day.add({ days: town.departureNoticeDays + 1 }).toString()),
              )}
            </Fact>
          </>
        ) : (
          <Fact name={t['leaving.effect']}>{dayText(language, on)}</Fact>
        )}
      </WhoFacts>
      <p class="govuk-inset-text">
        {heard ? counted(t['leaving.openLead'], language, { n: town.departureNoticeDays }) : t['leaving.effectLead']}
      </p>
      <PostForm action={`${back}/leave`} csrf={session.csrf}>
        {Object.entries(typed)
          .filter(([name]) => name !== 'sure')
          .map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
        <p class="govuk-button-group">
          <Button warning name="sure" value="yes">
            {heard ? t['leaving.yesHear'] : t['leaving.yes']}
          </Button>
          <a href={back}>{t['leaving.no']}</a>
        </p>
      </PostForm>
    </Desk>
  )
}

/** Everything that was said, once more, before a registration ends. */
export function ApprovePage(props: PageProps & { proceeding: ProceedingToDecide }) {
  const { context, leaving, proceeding, day, idempotencyKey } = props
  const { t, language, session } = context
  const back = `/desk/neighbours/${leaving.id}`
  return (
    <Desk context={context} title={t['leaving.ask']}>
      <h1>{t['leaving.ask']}</h1>
      <WhoFacts context={context} leaving={leaving}>
        <Fact name={t['leaving.effect']}>{dayText(language, day.toString())}</Fact>
      </WhoFacts>
      <ProceedingBox
        context={context}
        proceeding={proceeding}
        typed={{}}
        faults={{}}
        day={day}
        idempotencyKey={idempotencyKey}
        onlyRead
      />
      <p class="govuk-inset-text">{t['leaving.effectLead']}</p>
      <PostForm action={`${back}/proceedings/${proceeding.id}/decision`} csrf={session.csrf}>
        <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
        <input type="hidden" name="sure" value="yes" />
        <p class="govuk-button-group">
          <Button warning name="decision" value="approved">
            {t['leaving.yesEnd']}
          </Button>
          <a href={`${back}/leave`}>{t['leaving.no']}</a>
        </p>
      </PostForm>
    </Desk>
  )
}
