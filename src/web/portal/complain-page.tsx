import { randomUUID } from 'node:crypto'
import type { Followed } from '../../requests/complain.ts'
import type { Municipality } from '../../town/model.ts'
import { nameIn } from '../reader.ts'
import { AppointmentSlip, appointmentText, TimeSelect, writtenKinds } from '../record/complaint.tsx'
import { dayText } from '../record/texts.ts'
import { Button, ErrorSummary, type Faults, Field, Files, PublicForm, Radios, Select } from '../ui/form.tsx'
import { isLanguage, type Language, LOCALES, type Texts } from '../ui/language.ts'
import { LanguageSelect } from '../ui/language-select.tsx'
import { Languages, Page } from '../ui/layout.tsx'
import { Done, NotDone } from '../ui/parts.tsx'

/** What the page is about, beside the form itself. */
export interface Complaining {
  kind?: string
  /** The code of what was just sent. */
  reference?: string
  /** RFC 3339: when it will be said in person. */
  appointmentAt?: string | undefined
  followed?: Followed | 'none'
  code?: string
  text?: string
  /** Why it was not sent. */
  fault?: 'wrong-file' | 'too-many' | 'too-large' | 'not-here' | 'nothing' | 'too-long' | 'signed-out' | 'too-many-now'
  /** Whether it is to be with their name; without it unless they say so. */
  named?: boolean
  /** The language to answer in. */
  speaks?: string
  /** The time that was chosen is somebody else's. */
  taken?: boolean
}

/** The form anyone may send, the times to say it in person, and the code to follow it by. */
export function ComplainPage(
  props: {
    town: Municipality
    language: Language
    /** RFC 3339 */
    times: readonly string[]
    /** Whether whoever writes is signed in, and can say whose it is. */
    mayBeNamed: boolean
    /** Whether photos and voices can be added. */
    takesFiles: boolean
  } & Complaining,
) {
  const { town, language, times, mayBeNamed, takesFiles, named, fault } = props
  const { kind = 'refused', reference: sent, appointmentAt, followed, code, text = '', speaks } = props
  const t = LOCALES[language]
  const name = nameIn(town, language)
  const faults = faultsOf(fault, t)
  if (sent && appointmentAt)
    return (
      <Page title={name} language={language} town={name}>
        <h1 class="no-print">{t['complaint.title']}</h1>
        <AppointmentSlip town={town} language={language} at={appointmentAt} code={sent} />
        <p class="no-print">
          <a href={`/complain?lang=${language}`}>{t['desk.back']}</a>
        </p>
      </Page>
    )
  return (
    <Page title={name} language={language} town={name}>
      <Languages language={language} path="/complain" />
      <h1>{t['complaint.title']}</h1>
      {sent ? (
        <Done>
          <p>{t['complaint.sent']}</p>
          <p class="digits code" dir="ltr">
            {sent}
          </p>
        </Done>
      ) : (
        ''
      )}
      {followed === 'none' ? <ErrorSummary title={t['desk.there']} faults={{ code: t['complaint.none'] }} /> : ''}
      {followed && followed !== 'none' ? (
        <FollowedBox town={town} language={language} followed={followed} code={code ?? ''} />
      ) : (
        ''
      )}
      {props.taken ? (
        <NotDone>
          <p>{t['appointment.taken']}</p>
        </NotDone>
      ) : (
        ''
      )}
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <p class="lead">{t['complaint.lead']}</p>
      <PublicForm action={`/complain?lang=${language}`} enctype="multipart/form-data">
        <Select name="kind" label={t['complaint.kind']} value={kind} options={writtenKinds(language)} />
        <input type="hidden" name="idempotencyKey" value={randomUUID()} />
        <Field
          name="text"
          label={t['complaint.text']}
          hint={t['complaint.ownWords']}
          lines={6}
          value={text}
          fault={faults.text}
          auto
        />
        {takesFiles ? (
          <Files
            name="added"
            label={t['complaint.add']}
            hint={t['complaint.addHint']}
            fault={faults.added}
            // A telephone that keeps photos as HEIC sends them as JPEG then; whoever chooses a HEIC all the same is not refused.
            accept="image/jpeg,image/png,image/webp,audio/*"
          />
        ) : (
          ''
        )}
        {mayBeNamed ? (
          <Radios
            name="named"
            legend={t['messages.whose']}
            value={named ? 'with' : 'without'}
            choices={[
              { value: 'without', label: t['messages.without'], hint: t['messages.withoutHint'] },
              { value: 'with', label: t['messages.with'], hint: t['messages.withHint'] },
            ]}
          />
        ) : (
          ''
        )}
        <LanguageSelect label={t['desk.speaks']} value={isLanguage(speaks ?? '') ? (speaks as Language) : language} />
        <Button>{t['complaint.send']}</Button>
      </PublicForm>
      <p>
        <a href={`/complain/service?lang=${language}`}>{t['complaint.service']}</a>
      </p>
      <h2>{t['appointment.title']}</h2>
      {times.length === 0 ? (
        <p>{t['appointment.none']}</p>
      ) : (
        <PublicForm action={`/complain/appointment?lang=${language}`}>
          <p>{t['appointment.lead']}</p>
          <TimeSelect town={town} language={language} times={times} />
          <Select
            name="kind"
            id="heard-kind"
            label={t['complaint.kind']}
            value={kind}
            options={writtenKinds(language)}
          />
          <input type="hidden" name="language" value={language} />
          <input type="hidden" name="idempotencyKey" value={randomUUID()} />
          <Button secondary>{t['appointment.book']}</Button>
        </PublicForm>
      )}
      <h2>{t['complaint.follow']}</h2>
      <PublicForm action={`/complain/follow?lang=${language}`}>
        <Field
          name="code"
          label={t['complaint.follow']}
          fault={followed === 'none' ? t['complaint.none'] : undefined}
          required
        />
        <Button>{t['check.go']}</Button>
      </PublicForm>
    </Page>
  )
}

/** Why it was not sent, beside the box it is about. */
function faultsOf(fault: Complaining['fault'], t: Texts): Faults {
  if (fault === undefined) return {}
  if (fault === 'nothing' || fault === 'too-long')
    return { text: fault === 'nothing' ? t['complaint.nothing'] : t['hearing.tooLong'] }
  if (fault === 'too-many-now') return { text: t['problem.many'] }
  if (fault === 'signed-out') return { text: t['messages.signedOut'] }
  const why = {
    'wrong-file': t['complaint.addWrong'],
    'too-many': t['complaint.addMany'],
    'too-large': t['complaint.addLarge'],
    'not-here': t['complaint.addNotHere'],
  }
  return { [fault === 'not-here' ? 'text' : 'added']: why[fault] }
}

/** How a complaint stands, and what its writer may still do about it. */
function FollowedBox(props: { town: Municipality; language: Language; followed: Followed; code: string }) {
  const { town, language, followed, code } = props
  const t = LOCALES[language]
  const { answer, dueOn, escalated, withOmbudsperson, appointment } = followed
  const expected = appointment?.state === 'expected'
  return (
    <Done>
      {answer ? (
        <>
          <h2>{t['complaint.answered']}</h2>
          <p dir="auto">{answer}</p>
        </>
      ) : (
        <p>{t['complaint.waiting'].replace('{day}', dayText(language, dueOn))}</p>
      )}
      {withOmbudsperson ? <p>{t['complaint.escalated']}</p> : ''}
      {appointment ? <p>{appointmentText(appointment, town, language)}</p> : ''}
      {(answer ? !escalated : expected) ? (
        <PublicForm action={`/complain/follow?lang=${language}`}>
          <input type="hidden" name="code" value={code} />
          <Button secondary name="wish" value={answer ? 'escalate' : 'cancel'}>
            {answer ? t['complaint.escalate'] : t['appointment.cancel']}
          </Button>
        </PublicForm>
      ) : (
        ''
      )}
    </Done>
  )
}
