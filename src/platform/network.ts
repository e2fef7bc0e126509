import { isIPv6 } from 'node:net'

const GROUPS = 8
/** Whoever has one address of IPv6 has all of its first half. */
const OF_A_NETWORK = 4

/**
 * The network an address stands in, which is as much of it as its holder cannot choose: of IPv6 the first 64 bits. What counts
 * tries counts these.
 *
 * @param address as a socket or a proxy says it, also with a zone or a port in brackets; anything else comes back as it is
 * @see RFC 4291 sections 2.2 and 2.5.5.2, RFC 6177
 */
export function networkOf(address: string): string {
  const bare = /^\[(.*)\](?::\d+)?$/.exec(address)?.[1] ?? address
  const plain = bare.replace(/%.*$/, '')
  if (!isIPv6(plain)) return /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(plain)?.[1] ?? plain
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1]
  if (mapped) return mapped
  // A URL writes it in one way, without its zeros.
  const [before = '', after] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::')
  const groups = (text: string | undefined) => (text ? text.split(':') : [])
  const [head, tail] = [groups(before), groups(after)]
  const whole = [...head, ...Array.from({ length: GROUPS - head.length - tail.length }, () => '0'), ...tail]
  return `${whole.slice(0, OF_A_NETWORK).join(':')}::/64`
}

/** An address of this machine: nobody else is on that line. */
export const isThisMachine = (address: string): boolean =>
  URL.canParse(address) && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(address).hostname)

/**
 * Where a request comes from: the connection, or what the last of our own proxies says. What stands before that in the header
 * anybody may have written.
 *
 * @param proxies how many of our own stand before the service
 */
export function sourceBehind(
  proxies: number,
  { forwarded, connection }: { forwarded: string | null; connection: string | undefined },
): string {
  const addresses = (forwarded ?? '').split(',').map((address) => address.trim())
  const said = proxies > 0 ? addresses.at(-proxies) : undefined
  return said || (connection ?? '')
}
