import { hkdfSync } from 'node:crypto'
import type { Gate } from '../../firewall/model.ts'
import type { Staff } from '../../firewall/requester.ts'
import { openBytes, sealBytes } from '../../keys/cipher.ts'
import { NotFound } from '../../platform/problem.ts'
import type { Municipality } from '../../town/model.ts'
import { Criteria } from '../model.ts'

/** Search criteria sealed into a link, so that a search can be repeated by GET while the URL says nothing. */
export interface SearchLinks {
  make(town: Municipality, clerk: Staff, criteria: Criteria): Promise<string>
  /** @throws {NotFound} when the link was altered or made for somebody else */
  read(town: Municipality, clerk: Staff, search: string): Promise<Criteria>
}

const context = (clerk: Staff) => `search link for ${clerk.id}`

export function searchLinks(gate: Gate): SearchLinks {
  async function keyOf(town: Municipality): Promise<Uint8Array> {
    const { hash } = await gate.keysOf(town.id)
    return new Uint8Array(hkdfSync('sha256', hash('search links'), '', 'padron search link', 32))
  }
  return {
    async make(town, clerk, criteria) {
      const sealed = sealBytes(await keyOf(town), {
        plain: Buffer.from(JSON.stringify(criteria).padEnd(128)),
        context: context(clerk),
      })
      return `/v1/neighbours?search=${Buffer.from(sealed).toString('base64url')}`
    },
    async read(town, clerk, search) {
      const bytes = Buffer.from(search, 'base64url')
      if (bytes.toString('base64url') !== search) throw new NotFound()
      try {
        const opened = openBytes(await keyOf(town), bytes, context(clerk))
        return Criteria.parse(JSON.parse(Buffer.from(opened).toString()))
      } catch {
        throw new NotFound()
      }
    },
  }
}
