import { readFileSync, rmSync, writeFileSync } from 'node:fs'

/** Does the work while no other process does what has the same lock. @param lock a file that nobody else writes */
export async function oneAtATime<T>(lock: string, work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1)
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch {
      if (tries > 6_000 || !lives(lock)) rmSync(lock, { recursive: true, force: true })
      else await new Promise((resolve) => setTimeout(resolve, 50))
    }
  try {
    return await work()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

/** Whether the process that holds a lock still runs. One that has not written its id yet does. */
function lives(lock: string): boolean {
  try {
    const id = Number(readFileSync(lock, 'utf8'))
    return id === 0 || process.kill(id, 0)
  } catch {
    return false
  }
}
