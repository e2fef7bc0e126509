import { addressText } from '../../proofs/address-text.ts'
import type { CityRequest } from '../../requests/model.ts'
import type { PageContext } from '../page-visit.ts'
import { bornText, dayText } from './texts.ts'

/** What somebody asked, in lines, in the language of whoever reads it. */
export function requestLines(request: CityRequest, { t, language }: Pick<PageContext, 't' | 'language'>): string[] {
  switch (request.asks) {
    case 'words':
      return [request.text]
    case 'hearing':
      return [t['appointment.said']]
    case 'look-up':
      return [`${t['entrance.ask']}: ${request.line}`]
    case 'leave':
      return [t['change.leave']]
    case 'move-together':
      return [
        t['change.togetherText'],
        addressText(request.address),
        ...(request.since ? [dayText(language, request.since)] : []),
      ]
    case 'birth': {
      const { given, family, born } = request.newborn
      return [t['change.child'], [`${given} ${family}`.trim(), ...(born ? [bornText(language, born)] : [])].join(' · ')]
    }
  }
}
