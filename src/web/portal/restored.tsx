import type { Restored } from '../../town/restores.ts'
import { timeText } from '../record/texts.ts'
import { type Language, LOCALES } from '../ui/language.ts'

/** One sentence for everybody, where the register was put back; nothing otherwise. */
export function RestoredNote(props: { restored: Restored | undefined; language: Language; timeZone: string }) {
  const { restored, language, timeZone } = props
  if (restored === undefined) return null
  const t = LOCALES[language]
  const at = (time: string) => timeText(language, timeZone, time)
  return (
    <div class="govuk-inset-text" role="note">
      <p>{t['openData.restored'].replace('{at}', at(restored.at)).replace('{until}', at(restored.until))}</p>
      {restored.reissue ? <p>{t['openData.reissued']}</p> : ''}
    </div>
  )
}
