import { addressText } from '../../proofs/address-text.ts'
import type { Appointment, ComplaintKind, Outcome } from '../../requests/complain.ts'
import type { Municipality } from '../../town/model.ts'
import { Select } from '../ui/form.tsx'
import { type Language, LOCALES } from '../ui/language.ts'
import { Fact, Facts } from '../ui/parts.tsx'
import { hourText } from './texts.ts'

/** What became of a time to say it in person. */
export function appointmentText({ at, state }: Appointment, town: Municipality, language: Language): string {
  const t = LOCALES[language]
  const when = hourText(language, town.timeZone, at)
  const said = {
    expected: `${t['appointment.expected']} {at}`,
    past: t['appointment.past'],
    cancelled: t['appointment.gone'],
    answered: t['appointment.answered'],
  }[state]
  return said.replace('{at}', when)
}

export function TimeSelect(props: { town: Municipality; language: Language; times: readonly string[] }) {
  const { town, language, times } = props
  return (
    <Select
      name="at"
      label={LOCALES[language]['appointment.time']}
      options={times.map((time) => [time, hourText(language, town.timeZone, time)] as const)}
    />
  )
}

/** What somebody takes home: when, where, and the code. It names nobody. */
export function AppointmentSlip(props: { town: Municipality; language: Language; at: string; code: string }) {
  const { town, language, at, code } = props
  const t = LOCALES[language]
  const { name, ...place } = town.referenceAddress
  return (
    <section class="printed-card" lang={language} dir={language === 'ar' ? 'rtl' : 'ltr'}>
      <h2>{t['appointment.title']}</h2>
      <Facts>
        <Fact name={t['appointment.time']}>{hourText(language, town.timeZone, at)}</Fact>
        <Fact name={t['desk.where']}>
          <bdi>{[name, addressText({ kind: 'dwelling', ...place })].filter(Boolean).join(', ')}</bdi>
        </Fact>
      </Facts>
      <p class="digits code" dir="ltr">
        {code}
      </p>
      <p>{t['appointment.keep']}</p>
    </section>
  )
}

export const kindNames = (language: Language) => {
  const t = LOCALES[language]
  return [
    ['refused', t['complaint.refused']],
    ['asked-about-papers', t['complaint.papers']],
    ['wrong-data', t['complaint.wrong']],
    ['who-looked', t['complaint.looked']],
    ['change', t['complaint.change']],
    ['objection', t['complaint.objection']],
    ['suggestion', t['complaint.suggest']],
    ['service', t['complaint.service']],
    ['other', t['complaint.other']],
  ] as const satisfies [ComplaintKind, string][]
}

/** Those that are said in words. */
export const writtenKinds = (language: Language) => kindNames(language).filter(([kind]) => kind !== 'service')

export const outcomeNames = (language: Language) => {
  const t = LOCALES[language]
  return [
    ['answered', t['complaint.just']],
    ['upheld', t['complaint.upheld']],
    ['partly', t['complaint.partly']],
    ['not-upheld', t['complaint.not']],
  ] as const satisfies [Outcome, string][]
}
