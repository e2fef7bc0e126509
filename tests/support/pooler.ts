import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

// Hands a few connections to a server out by the transaction to as many clients as come, as PgBouncer does in that mode: what a
// client leaves in a session, another one finds. It speaks as much of the protocol as that takes.

export interface Pooler {
  port: number
  /** Clients that have been taken in. */
  clients(): number
  /** Transactions handed to each connection, so far. */
  handed(): number[]
  end(): Promise<void>
}

/** A message of the protocol: its kind, and all of its bytes. @see PostgreSQL, section 54.7 */
type Message = [kind: string, bytes: Buffer]

/** What a client may say as it begins; a pooler cannot promise anything else for a session. */
const MAY_SAY = ['user', 'database', 'application_name', 'client_encoding']

const message = (kind: string, body: Buffer) => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(kind), length, body])
}
const text = (...parts: string[]) => Buffer.from(parts.map((part) => `${part}\0`).join(''))
const number = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** Calls back for every whole message that comes. @returns what is to be called with bytes */
function messages(each: (message: Message) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 5) {
      const length = rest.readInt32BE(1) + 1
      if (rest.length < length) return
      const whole = rest.subarray(0, length)
      rest = rest.subarray(length)
      each([whole.toString('latin1', 0, 1), whole])
    }
  }
}

/** One connection to the server, which one client holds at a time. */
interface Backend {
  socket: Socket
  handed: number
  hear: (message: Message) => void
}

/** @see RFC 7677; PostgreSQL, section 54.3 */
async function backendOf(port: number, login: string, database: string): Promise<Backend> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const backend: Backend = { socket, handed: 0, hear: () => {} }
  const hearing = messages((one) => backend.hear(one))
  socket.on('data', hearing)
  socket.on('error', () => {})
  const body = Buffer.concat([number(196_608), text('user', login, 'database', database, '')])
  socket.write(Buffer.concat([number(body.length + 4), body]))
  const nonce = randomBytes(18).toString('base64')
  const first = `n=,r=${nonce}`
  await new Promise<void>((resolve, reject) => {
    backend.hear = ([kind, bytes]) => {
      if (kind === 'E') reject(new Error(bytes.toString('utf8')))
      if (kind === 'Z') resolve()
      if (kind !== 'R') return
      const step = bytes.readInt32BE(5)
      if (step === 10) {
        const said = Buffer.from(`n,,${first}`)
        socket.write(message('p', Buffer.concat([text('SCRAM-SHA-256'), number(said.length), said])))
      } else if (step === 11) {
        const server = bytes.toString('utf8', 9)
        const { r = '', s = '', i = '' } = Object.fromEntries(server.split(',').map((part) => [part[0], part.slice(2)]))
        const salted = pbkdf2Sync(login, Buffer.from(s, 'base64'), Number(i), 32, 'sha256')
        const mac = (key: Buffer, what: string) => createHmac('sha256', key).update(what).digest()
        const key = mac(salted, 'Client Key')
        const last = `c=biws,r=${r}`
        const signature = mac(createHash('sha256').update(key).digest(), `${first},${server},${last}`)
        const proof = key.map((byte, at) => byte ^ (signature[at] ?? 0))
        socket.write(message('p', Buffer.from(`${last},p=${Buffer.from(proof).toString('base64')}`)))
      }
    }
  })
  backend.hear = () => {}
  return backend
}

/** @param login whose password is its name */
export async function poolerTo(port: number, login: string, database: string, size: number): Promise<Pooler> {
  const backends = await Promise.all(Array.from({ length: size }, () => backendOf(port, login, database)))
  const idle = [...backends]
  const waiting: ((backend: Backend) => void)[] = []
  const sockets = new Set<Socket>()
  let clients = 0
  const release = (backend: Backend) => {
    backend.hear = () => {}
    const next = waiting.shift()
    if (next) next(backend)
    else idle.push(backend)
  }

  function serve(client: Socket) {
    clients += 1
    client.write(
      Buffer.concat([
        message('R', number(0)),
        message('S', text('server_version', '18')),
        message('K', Buffer.concat([number(1), number(1)])),
        message('Z', Buffer.from('I')),
      ]),
    )
    let backend: Backend | undefined
    let asked: Buffer[] | undefined
    let unanswered = 0
    const take = (mine: Backend) => {
      mine.handed += 1
      backend = mine
      mine.hear = ([kind, bytes]) => {
        client.write(bytes)
        if (kind !== 'Z') return
        unanswered -= 1
        if (unanswered > 0 || bytes.toString('latin1', 5) !== 'I') return
        backend = undefined
        release(mine)
      }
      for (const bytes of asked ?? []) mine.socket.write(bytes)
      asked = undefined
    }
    return messages(([kind, bytes]) => {
      if (kind === 'X') {
        client.end()
        return
      }
      if (kind === 'S' || kind === 'Q') unanswered += 1
      if (backend) backend.socket.write(bytes)
      else if (asked) asked.push(bytes)
      else {
        asked = [bytes]
        const free = idle.shift()
        if (free) take(free)
        else waiting.push(take)
      }
    })
  }

  const server = createServer((client) => {
    sockets.add(client)
    client.on('error', () => {})
    client.on('close', () => sockets.delete(client))
    client.once('data', (beginning: Buffer) => {
      const said = beginning.toString('utf8', 8).split('\0')
      const more = said.filter((name, at) => at % 2 === 0 && name !== '' && !MAY_SAY.includes(name))
      if (more.length > 0) {
        const refusal = text('SFATAL', 'C08P01', `Munsupported startup parameter: ${more.join(', ')}`, '')
        client.end(message('E', refusal))
        return
      }
      client.on('data', serve(client))
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    clients: () => clients,
    handed: () => backends.map(({ handed }) => handed),
    end: async () => {
      for (const socket of [...sockets, ...backends.map((backend) => backend.socket)]) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
