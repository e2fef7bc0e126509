import type { Rooms } from '../../src/app.tsx'
import { backgroundWork } from '../../src/background.ts'
import { NOTICES } from '../../src/messages/leave-message.ts'
import type { Channels, Post } from '../../src/messages/notify.ts'
import { createRunner } from '../../src/platform/jobs.ts'
import type { TestApp } from './app.ts'

/** Tells whoever has to be told of something now, as the background work does. @returns how many messages left */
export async function tellAll(app: Pick<TestApp, 'deps'> & { rooms: Rooms }, channels: Channels): Promise<number> {
  let left = 0
  const counted = (post: Post | undefined): Post | undefined =>
    post &&
    (async (...message) => {
      await post(...message)
      left += 1
    })
  const work = backgroundWork(app.rooms, {
    channels: { email: counted(channels.email), sms: counted(channels.sms) },
    witnesses: [],
  })
  await createRunner(
    app.deps,
    work.filter(({ kind }) => kind === NOTICES),
  ).once()
  return left
}
