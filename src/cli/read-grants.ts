import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { ConfigInvalid } from '../config.ts'
import type { GrantTable } from '../firewall/grant-table.ts'

const Table = z.record(z.string().max(300), z.array(z.string().max(200)).max(200))
const Published = z.union([z.object({ agreed: Table }).transform(({ agreed }) => agreed), Table])
/** Bytes that are read of another town. */
const MOST = 4_000_000

/**
 * The table of another town: from its address (`https://padron.example.org`), or from a file that was saved from there.
 *
 * @throws {ConfigInvalid} where there is none
 */
export async function readGrants(town: string): Promise<GrantTable> {
  const text = /^https?:/.test(town) ? await fetched(new URL('/v1/grants', town)) : await readFile(town, 'utf8')
  const table = Published.safeParse(jsonOr(text))
  if (!table.success) throw new ConfigInvalid(`${town}: this is no table of what anyone can get.`)
  return table.data
}

async function fetched(url: URL): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(10_000) })
  if (!response.ok) throw new ConfigInvalid(`${url.origin} answers ${response.status}.`)
  const text = await response.text()
  if (text.length > MOST) throw new ConfigInvalid(`${url.origin} answers more than a table can be.`)
  return text
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
