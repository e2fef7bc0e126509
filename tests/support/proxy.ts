import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Between a service and its database: it delays, cuts and freezes what goes through it. */
export interface Between {
  port: number
  /** How many go through it now. */
  lines(): number
  /** Ends one of them, or all, without a word to either side. */
  cut(which?: 'one' | 'all'): void
  /** Keeps one of them, or all, open and lets nothing through any more. */
  freeze(which?: 'one' | 'all'): void
  /** Takes nobody in any more, and does again. */
  close(closed: boolean): void
  end(): Promise<void>
}

export async function proxyTo(port: number): Promise<Between> {
  const pairs = new Set<[Socket, Socket]>()
  let closed = false
  const server: Server = createServer((near) => {
    if (closed) {
      near.destroy()
      return
    }
    const far = connect(port, '127.0.0.1')
    const pair: [Socket, Socket] = [near, far]
    for (const socket of pair) {
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        pairs.delete(pair)
        for (const one of pair) one.destroy()
      })
    }
    near.pipe(far)
    far.pipe(near)
    pairs.add(pair)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const some = (which: 'one' | 'all') => [...pairs].slice(0, which === 'one' ? 1 : undefined)
  return {
    port: (server.address() as AddressInfo).port,
    lines: () => pairs.size,
    cut: (which = 'all') => {
      for (const pair of some(which)) for (const socket of pair) socket.destroy()
    },
    freeze: (which = 'all') => {
      for (const [near, far] of some(which)) {
        near.unpipe(far)
        far.unpipe(near)
        near.pause()
        far.pause()
      }
    },
    close: (to) => {
      closed = to
    },
    end: async () => {
      for (const pair of pairs) for (const socket of pair) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
