import { expect, it } from 'vitest'
import { safePath } from '../../src/http/path.ts'
import { isThisMachine, networkOf, sourceBehind } from '../../src/platform/network.ts'

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['192.0.2.7:51234', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['[2001:db8:1:2::9]:443', '2001:db8:1:2::/64'],
  ['[2001:db8:1:2::9]', '2001:db8:1:2::/64'],
  ['', ''],
  ['unknown', 'unknown'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

it('is one for all addresses that one holder may choose from', () => {
  const chosen = Array.from({ length: 50 }, (_, i) => networkOf(`2001:db8:7:8:${i}:${i}:${i}:${i + 1}`))
  expect(new Set(chosen).size).toBe(1)
})

it.each([
  [0, '203.0.113.9', '192.0.2.1', '192.0.2.1'],
  [1, '203.0.113.9', '192.0.2.1', '203.0.113.9'],
  [1, 'forged, 198.51.100.7, 203.0.113.9', '192.0.2.1', '203.0.113.9'],
  [2, 'forged, 203.0.113.9, 192.0.2.5', '192.0.2.1', '203.0.113.9'],
  [2, '203.0.113.9', '192.0.2.1', '192.0.2.1'],
  [1, null, '192.0.2.1', '192.0.2.1'],
  [1, ', ', undefined, ''],
])('behind %i proxies, a request that says %s over %s comes from %s', (proxies, forwarded, connection, source) => {
  expect(sourceBehind(proxies, { forwarded, connection })).toBe(source)
})

it.each([
  ['http://127.0.0.1:8080', true],
  ['http://localhost', true],
  ['smtp://[::1]:25', true],
  ['http://127.0.0.1.example', false],
  ['http://padron.example', false],
  ['http://0.0.0.0', false],
  ['nonsense', false],
])('%s is this machine: %s', (address, here) => {
  expect(isThisMachine(address)).toBe(here)
})

it.each([
  ['/me/devices?which=1', '/me/devices?which=1'],
  ['https://elsewhere.example', '/me'],
  ['//elsewhere.example', '/me'],
  ['/\\elsewhere.example', '/me'],
  ['javascript:alert(1)', '/me'],
  ['/me\nset-cookie: x', '/me'],
  ['me', '/me'],
  ['', '/me'],
])('somebody is sent on to a place of our own alone: %s', (given, to) => {
  expect(safePath(given, '/me' as never)).toBe(to)
})
