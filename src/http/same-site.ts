/** What a form of any page can send without asking first. @see Fetch standard, CORS-safelisted request-header */
const OF_A_FORM = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i

/**
 * Whether another site's page sent a form here: with it somebody could be signed in as somebody else, and write into their record.
 * What says nothing of where it comes from is no browser of the last years.
 *
 * @see Fetch Metadata Request Headers (Sec-Fetch-Site); RFC 6454 section 7 (Origin)
 */
export function sentFromElsewhere({ method, headers }: Request, host: string): boolean {
  if (method !== 'POST' || !OF_A_FORM.test(headers.get('content-type') ?? '')) return false
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site !== 'same-origin' && site !== 'none'
  const origin = headers.get('origin')
  // Our own pages send no address, and an older browser says `null` of them.
  return origin !== null && origin !== 'null' && !(URL.canParse(origin) && new URL(origin).host === host)
}
