import { connect, type Socket } from 'node:net'

/** The servers that an address names, and the one that last took writes. */
export interface Servers {
  readonly urls: readonly string[]
  at: number
}

/** One for each of `postgres://login@h1:p1,h2:p2/name`. */
export function serversOf(url: string): Servers {
  const [, login = '', hosts = '', rest = ''] = /^(\w+:\/\/(?:[^@/?]*@)?)([^/?#]*)(.*)$/s.exec(url) ?? []
  return { urls: hosts.includes(',') ? hosts.split(',').map((host) => `${login}${host}${rest}`) : [url], at: 0 }
}

/** How long it may take until a server takes somebody in, milliseconds. */
export const CONNECTS = 5_000

/** What postgres.js makes of an address: TCP, with a host and a port, or the path of a local socket. */
interface Place {
  host: readonly string[]
  port: readonly number[]
  path?: string | false
}

/**
 * Opens the one connection that a client ever has: where that ends before the server has said that it is ready, postgres.js
 * would open the next, again and again, and answer nobody meanwhile.
 */
export function oneSocket(): (place: Place) => Promise<Socket> {
  let opened = false
  return ({ host, port, path }) =>
    new Promise((resolve, reject) => {
      const away = (code: string) => Object.assign(new Error(code), { code })
      if (opened) return reject(away('CONNECTION_CLOSED'))
      opened = true
      // What encrypts it asks for that name.
      const named = { host: host[0], port: port[0] }
      const socket = Object.assign(path ? connect(path) : connect(port[0] ?? 5432, host[0] ?? 'localhost'), named)
      const impatience = setTimeout(() => socket.destroy(away('CONNECT_TIMEOUT')), CONNECTS)
      socket.once('error', reject)
      socket.once('connect', () => {
        clearTimeout(impatience)
        socket.off('error', reject)
        resolve(socket)
      })
      socket.once('close', () => clearTimeout(impatience))
    })
}
