import type { ReplyHeaders } from '../http/headers.ts'
import { publicData } from '../http/public-data.ts'
import { Reply } from '../http/reply.ts'

/** A page about nobody, the same for everyone who reads its language. */
export const publicPage = (body: unknown, headers: ReplyHeaders = { vary: 'accept-language, cookie' }): Reply =>
  Reply.material(publicData(`<!doctype html>${body}`), 'text/html; charset=utf-8', headers)
