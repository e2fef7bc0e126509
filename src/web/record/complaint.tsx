import { addressText } from '../../proofs/address-text.ts'
import type { Appointment, ComplaintKind, Outcome } from '../../requests/complaints.ts'
import type { Municipality } from '../../town/model.ts'
import { Select } from '../ui/form.tsx'
import { type Language, LOCALES } from '../ui/language.ts'
import { Fact, Facts } from '../ui/parts.tsx'
import { hourText } from './texts.ts'

/** What became of a time to say it in person. */
export function appointmentText({ at, state }: Appointment, town: Municipality, language: Language): string {
  const t = LOCALES[language]
  const when = hourText(language, town.timeZone, at)
  const said = { expected: `${t.wExpected} {at}`, past: t.wPast, cancelled: t.wGone, answered: t.wAnswered }[state]
  return said.replace('{at}', when)
}

export function TimeSelect(props: { town: Municipality; language: Language; times: readonly string[] }) {
  const { town, language, times } = props
  return (
    <Select
      name="at"
      label={LOCALES[language].wTime}
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
      <h2>{t.wTitle}</h2>
      <Facts>
        <Fact name={t.wTime}>{hourText(language, town.timeZone, at)}</Fact>
        <Fact name={t.dWhere}>
          <bdi>{[name, addressText({ kind: 'dwelling', ...place })].filter(Boolean).join(', ')}</bdi>
        </Fact>
      </Facts>
      <p class="digits code" dir="ltr">
        {code}
      </p>
      <p>{t.wKeep}</p>
    </section>
  )
}

export const kindNames = (language: Language) => {
  const t = LOCALES[language]
  return [
    ['refused', t.kRefused],
    ['asked-about-papers', t.kPapers],
    ['wrong-data', t.kWrong],
    ['who-looked', t.kLooked],
    ['change', t.kChange],
    ['objection', t.kObjection],
    ['suggestion', t.kSuggest],
    ['service', t.kService],
    ['other', t.kOther],
  ] as const satisfies [ComplaintKind, string][]
}

/** Those that are said in words. */
export const writtenKinds = (language: Language) => kindNames(language).filter(([kind]) => kind !== 'service')

export const outcomeNames = (language: Language) => {
  const t = LOCALES[language]
  return [
    ['answered', t.kJust],
    ['upheld', t.kUpheld],
    ['partly', t.kPartly],
    ['not-upheld', t.kNot],
  ] as const satisfies [Outcome, string][]
}
