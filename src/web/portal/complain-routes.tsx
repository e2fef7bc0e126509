import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import type { House, Reception } from '../../http/endpoint.ts'
import { type Attachment, formWithFiles, type Redraw } from '../../http/media.ts'
import { findSession } from '../../identity/sessions.ts'
import { Problem } from '../../platform/problem.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import { bookHearing, freeTimes } from '../../requests/appointments.ts'
import { complain, follow, kindOf } from '../../requests/complaints.ts'
import type { Municipality } from '../../town/municipality.ts'
import { readerOf } from '../reader.ts'
import { cookieName, pageOf } from '../signed-in.tsx'
import { isLanguage } from '../ui/language.ts'
import { type Complaining, ComplainPage } from './complain-page.tsx'
import { formOf, type Send } from './deps.ts'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
type Asking = Context<{ Variables: { reception: Reception<Municipality> } }>
/** Letters of one message. */
const LONGEST = 10_000

/** Complaints, questions and suggestions of anyone, written or said in person. */
export function complainPages(
  house: House<Municipality>,
  deps: RegistryDeps & { redraw?: Redraw | undefined },
  send: Send,
): void {
  const neighbourIn = async (context: Asking, town: Municipality) => {
    const session = await findSession(deps, town, getCookie(context, cookieName(town)))
    return session?.requester.kind === 'resident' ? session.requester.neighbourId : undefined
  }
  const show = async (context: Asking, about: Complaining, status: 200 | 201 | 404 | 409 | 422 | 429 = 200) => {
    const { town, language } = await readerOf(context)
    const times = await freeTimes(deps, town)
    const mayBeNamed = (await neighbourIn(context, town)) !== undefined
    const page = { town, language, times, mayBeNamed, takesFiles: deps.redraw !== undefined }
    return send(pageOf(<ComplainPage {...page} {...about} />, status))
  }
  const sourceOf = (context: Asking) => context.var.reception.sourceOf(context.env, context.req.raw.headers)

  house.get('/complain', (context) => show(context, { kind: context.req.query('kind') ?? 'refused' }))
  house.post('/complain', async (context) => {
    const { town, language } = await readerOf(context)
    const { form, files, wrong } = await formWithFiles(context)
    const kind = kindOf(form.get('kind'))
    const text = (form.get('text') ?? '').trim()
    const named = form.get('named') === 'with'
    const typed = { kind, text, named, speaks: form.get('language') ?? language }
    if (wrong !== undefined) return show(context, { ...typed, fault: wrong }, 422)
    if (text.length > LONGEST) return show(context, { ...typed, fault: 'too-long' }, 422)
    const attachments: Attachment[] = []
    for (const file of files) {
      const redrawn = await deps.redraw?.(file)
      if (redrawn === undefined)
        return show(context, { ...typed, fault: deps.redraw === undefined ? 'not-here' : 'wrong-file' }, 422)
      attachments.push(redrawn)
    }
    if (text === '' && attachments.length === 0) return show(context, { ...typed, fault: 'nothing' }, 422)
    const wanted = form.get('language') ?? ''
    const neighbourId = named ? await neighbourIn(context, town) : undefined
    // They wanted an answer on their page, and have been signed out: it is not sent without their name behind their back.
    if (named && neighbourId === undefined) return show(context, { ...typed, fault: 'signed-out' }, 422)
    // With what it brings: a form that came back and was changed is another message.
    const mark = UUID.exec(form.get('once') ?? '')?.[0]
    const once = mark && [mark, ...files.map((file) => createHash('sha256').update(file).digest('hex'))].join(' ')
    const said = {
      ...{ kind, words: { text }, language: isLanguage(wanted) ? wanted : language },
      ...{ neighbourId, once, attachments },
    }
    try {
      const { reference } = await complain(deps, town, said, sourceOf(context))
      return await show(context, { sent: reference }, 201)
    } catch (error) {
      if (!(error instanceof Problem && error.status === 429)) throw error
      return show(context, { ...typed, fault: 'too-many-now' }, 429)
    }
  })
  // Whoever would rather talk needs no words, no name and no paper: a time, and a code to show.
  house.post('/complain/appointment', async (context) => {
    const { town, language } = await readerOf(context)
    const form = await formOf(context)
    const kind = kindOf(form.get('kind'))
    try {
      const once = UUID.exec(form.get('once') ?? '')?.[0]
      const wanted = { kind, language, at: form.get('at') ?? '', once }
      const booked = await bookHearing(deps, town, wanted, sourceOf(context))
      return await show(context, { kind, sent: booked.reference, appointmentAt: booked.at }, 201)
    } catch (error) {
      if (error instanceof Problem && error.status === 429) return show(context, { kind, fault: 'too-many-now' }, 429)
      if (!(error instanceof Problem && error.code === 'time-taken')) throw error
      return show(context, { kind, taken: true }, 409)
    }
  })
  house.post('/complain/follow', async (context) => {
    const { town } = await readerOf(context)
    const form = await formOf(context)
    const code = form.get('code') ?? ''
    const wish = (['escalate', 'cancel'] as const).find((one) => one === form.get('wish'))
    const followed = (await follow(deps, town, code, wish)) ?? ('none' as const)
    return show(context, { followed, code }, followed === 'none' ? 404 : 200)
  })
}
