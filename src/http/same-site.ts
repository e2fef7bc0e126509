/** What changes nothing. @see RFC 9110 section 9.2.1 */
const ONLY_READ: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Whether another site's page sent something here, whatever kind of body it has: with it somebody could be signed in as
 * somebody else, and write into their record.
 * What says nothing of where it comes from is no browser of the last years.
 *
 * @see Fetch Metadata Request Headers (Sec-Fetch-Site); RFC 6454 section 7 (Origin)
 */
export function sentFromElsewhere({ method, headers }: Request, host: string): boolean {
  if (ONLY_READ.has(method)) return false
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site !== 'same-origin' && site !== 'none'
  const isElsewhere = (address: string) =>
    !URL.canParse(address) || new URL(address).host !== host || !/^https?:$/.test(new URL(address).protocol)
  const [origin, referrer] = [headers.get('origin'), headers.get('referer')]
  // Our own pages send no address, and an older browser says `null` of them: so does a frame of another site, which its referrer tells.
  if (origin !== null && origin !== 'null') return isElsewhere(origin)
  return referrer !== null && isElsewhere(referrer)
}
