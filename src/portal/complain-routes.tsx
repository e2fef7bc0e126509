import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import type { House, Reception } from '../firewall/endpoint.ts'
import { findSession } from '../identity/sessions.ts'
import { Problem } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Municipality } from '../registry/municipality.ts'
import { isLanguage } from '../ui/language.ts'
import { readerOf } from '../ui/reader.ts'
import { cookieName, pageOf } from '../ui/signed-in.tsx'
import { bookHearing, freeTimes } from './appointments.ts'
import { type Complaining, ComplainPage } from './complain-page.tsx'
import { complain, follow, kindOf } from './complaints.ts'
import { attachmentOf, formWithFiles } from './media.ts'
import { formOf, type Send } from './routes.tsx'

/** Complaints, questions and suggestions of anyone, written or said in person. */
export function complainPages(house: House<Municipality>, deps: RegistryDeps, send: Send): void {
  const show = async (
    context: Parameters<typeof readerOf>[0],
    about: Complaining,
    status: 200 | 201 | 409 | 422 = 200,
  ) => {
    const { town, language } = await readerOf(context)
    const times = await freeTimes(deps, town)
    return send(pageOf(<ComplainPage town={town} language={language} times={times} {...about} />, status))
  }
  const sourceOf = (context: Context<{ Variables: { reception: Reception<Municipality> } }>) =>
    context.var.reception.sourceOf(context.env, context.req.raw.headers)

  house.get('/complain', (context) => show(context, { kind: context.req.query('kind') ?? 'refused' }))
  house.post('/complain', async (context) => {
    const { town, language } = await readerOf(context)
    const { form, files } = await formWithFiles(context)
    const kind = kindOf(form.get('kind'))
    const text = (form.get('text') ?? '').trim().slice(0, 10_000)
    const attachments = files.map(attachmentOf).filter((one) => one !== undefined)
    if (attachments.length < files.length) return show(context, { kind, text, wrongFile: true }, 422)
    if (text === '' && attachments.length === 0) return show(context, { kind }, 422)
    const wanted = form.get('language') ?? ''
    const session = await findSession(deps, town, getCookie(context, cookieName(town)))
    const neighbourId = session?.requester.kind === 'resident' ? session.requester.neighbourId : undefined
    const said = { kind, words: { text }, language: isLanguage(wanted) ? wanted : language, neighbourId, attachments }
    const { reference } = await complain(deps, town, said, sourceOf(context))
    return show(context, { sent: reference }, 201)
  })
  // Whoever would rather talk needs no words, no name and no paper: a time, and a code to show.
  house.post('/complain/appointment', async (context) => {
    const { town, language } = await readerOf(context)
    const form = await formOf(context)
    const kind = kindOf(form.get('kind'))
    try {
      const booked = await bookHearing(deps, town, { kind, language, at: form.get('at') ?? '' }, sourceOf(context))
      return await show(context, { kind, sent: booked.reference, appointmentAt: booked.at }, 201)
    } catch (error) {
      if (!(error instanceof Problem && error.code === 'time-taken')) throw error
      return show(context, { kind, taken: true }, 409)
    }
  })
  house.post('/complain/follow', async (context) => {
    const { town } = await readerOf(context)
    const form = await formOf(context)
    const code = form.get('code') ?? ''
    const wish = (['escalate', 'cancel'] as const).find((one) => one === form.get('wish'))
    return show(context, { followed: (await follow(deps, town, code, wish)) ?? 'none', code })
  })
}
