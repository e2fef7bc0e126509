/** Why a route may refuse, as the description of the API says it. */
export const REASONS: Record<number, string> = {
  400: 'What was sent cannot be read',
  401: 'No valid access token',
  403: 'Refused; the same whoever or whatever it is about',
  404: 'Nothing here for you',
  409: 'Not as things stand; `code` says why',
  413: 'Larger than anything that is kept',
  412: 'Changed since you read it',
  415: 'Another media type than the one that is read here',
  421: 'This address is no town’s',
  422: 'A field, parameter or header cannot be accepted',
  428: 'If-Match is missing',
  429: 'Too often from here, or by you; wait',
  503: 'Something it needs is away, or busy; Retry-After says when to ask again',
}
