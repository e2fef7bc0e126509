export const CHANNELS = ['email', 'sms', 'portal', 'post', 'in-person'] as const

/** How somebody was told that they have a message; `portal` means that it waits on their page. */
export type Channel = (typeof CHANNELS)[number]

/** Who said something about a neighbour, as a kind of person and never as a name. */
export const INFORMANTS = ['household', 'owner', 'authority', 'staff', 'other'] as const

export type Informant = (typeof INFORMANTS)[number]

/** How somebody was given a notice of what the city means to decide, from which their time to answer counts. */
export const NOTICE_WAYS = ['own-page', 'answered', 'in-person', 'letter', 'elsewhere', 'published'] as const

export type NoticeWay = (typeof NOTICE_WAYS)[number]
