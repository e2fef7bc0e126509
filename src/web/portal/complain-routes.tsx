import { createHash } from 'node:crypto'
import { route } from '../../http/route.ts'
import type { App, Incoming } from '../../identity/app.ts'
import { findSession } from '../../identity/begin-session.ts'
import { Problem } from '../../platform/problem.ts'
import { uuidIn } from '../../platform/uuid.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import type { Attachment, Redraw } from '../../requests/attachments.ts'
import { bookHearing, freeTimes } from '../../requests/book-hearing.ts'
import { complain, follow, kindOf } from '../../requests/complain.ts'
import type { Municipality } from '../../town/model.ts'
import { readerOf } from '../reader.ts'
import { pageOf, sessionName } from '../signed-in.tsx'
import { isLanguage } from '../ui/language.ts'
import { type Complaining, ComplainPage } from './complain-page.tsx'

/** Letters of one message. */
const LONGEST = 10_000
/** What may come with a message. */
const PHOTOS_AND_VOICES = { most: 2, each: 8 * 1024 * 1024 }

/** Complaints, questions and suggestions of anyone, written or said in person. */
export function complainPages(app: App, deps: RegistryDeps & { redraw?: Redraw | undefined }): void {
  const neighbourIn = async (request: Incoming, town: Municipality) => {
    const session = await findSession(deps, town, request.cookie(sessionName(town)))
    return session?.requester.kind === 'resident' ? session.requester.neighbourId : undefined
  }
  const show = async (request: Incoming, about: Complaining, status: 200 | 201 | 404 | 409 | 422 | 429 = 200) => {
    const { town, language } = readerOf(request)
    const times = await freeTimes(deps, town)
    const mayBeNamed = (await neighbourIn(request, town)) !== undefined
    const page = { town, language, times, mayBeNamed, takesFiles: deps.redraw !== undefined }
    return pageOf(<ComplainPage {...page} {...about} />, status)
  }

  route(app, { kind: 'public', method: 'get', path: '/complain', quiet: true }, (request) =>
    show(request, { kind: request.query('kind') || 'refused' }),
  )
  const post = { kind: 'public', method: 'post', quiet: true } as const
  route(app, { ...post, path: '/complain', files: PHOTOS_AND_VOICES }, async (request) => {
    const { town, language } = readerOf(request)
    const form = await request.form()
    const [files, wrong] = [form.files(), form.wrong]
    const kind = kindOf(form.get('kind'))
    const text = form.get('text')
    const named = form.get('named') === 'with'
    const typed = { kind, text, named, speaks: form.get('language') || language }
    if (wrong !== undefined) return show(request, { ...typed, fault: wrong }, 422)
    if (text.length > LONGEST) return show(request, { ...typed, fault: 'too-long' }, 422)
    const attachments: Attachment[] = []
    for (const file of files) {
      const redrawn = await deps.redraw?.(file)
      if (redrawn === undefined)
        return show(request, { ...typed, fault: deps.redraw === undefined ? 'not-here' : 'wrong-file' }, 422)
      attachments.push(redrawn)
    }
    if (text === '' && attachments.length === 0) return show(request, { ...typed, fault: 'nothing' }, 422)
    const wanted = form.get('language')
    const neighbourId = named ? await neighbourIn(request, town) : undefined
    // They wanted an answer on their page, and have been signed out: it is not sent without their name behind their back.
    if (named && neighbourId === undefined) return show(request, { ...typed, fault: 'signed-out' }, 422)
    // With what it brings: a form that came back and was changed is another message.
    const mark = uuidIn(form.get('idempotencyKey'))
    const idempotencyKey =
      mark && [mark, ...files.map((file) => createHash('sha256').update(file).digest('hex'))].join(' ')
    const said = {
      ...{ kind, request: { asks: 'words' as const, text }, language: isLanguage(wanted) ? wanted : language },
      ...{ neighbourId, idempotencyKey, attachments },
    }
    try {
      const { reference } = await complain(deps, town, { complaint: said, source: request.source })
      return await show(request, { reference }, 201)
    } catch (error) {
      if (!(error instanceof Problem && error.status === 429)) throw error
      return show(request, { ...typed, fault: 'too-many-now' }, 429)
    }
  })
  // Whoever would rather talk needs no words, no name and no paper: a time, and a code to show.
  route(app, { ...post, path: '/complain/appointment' }, async (request) => {
    const { town, language } = readerOf(request)
    const form = await request.form()
    const kind = kindOf(form.get('kind'))
    try {
      const idempotencyKey = uuidIn(form.get('idempotencyKey'))
      const wanted = { kind, language, at: form.get('at'), idempotencyKey }
      const booked = await bookHearing(deps, town, { wanted, source: request.source })
      return await show(request, { kind, reference: booked.reference, appointmentAt: booked.at }, 201)
    } catch (error) {
      if (error instanceof Problem && error.status === 429) return show(request, { kind, fault: 'too-many-now' }, 429)
      if (!(error instanceof Problem && error.code === 'time-taken')) throw error
      return show(request, { kind, taken: true }, 409)
    }
  })
  route(app, { ...post, path: '/complain/follow' }, async (request) => {
    const { town } = readerOf(request)
    const form = await request.form()
    const code = form.get('code')
    const wish = (['escalate', 'cancel'] as const).find((one) => one === form.get('wish'))
    const followed = (await follow(deps, town, { typed: code, wish })) ?? ('none' as const)
    return show(request, { followed, code }, followed === 'none' ? 404 : 200)
  })
}
