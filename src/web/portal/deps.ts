import { randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import type { Redraw } from '../../http/media.ts'
import type { Reply } from '../../http/reply.ts'
import type { MachineSignIn } from '../../identity/machine-sign-in.ts'
import type { LedgerSigners } from '../../ledger/signer.ts'
import { Problem } from '../../platform/problem.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import type { Press } from '../../proofs/paper/paper.ts'
import type { signedInPages } from '../signed-in.tsx'
import type { OwnVisit } from './shell.tsx'

export type PortalDeps = ProofDeps & {
  press?: Press | undefined
  signers: LedgerSigners
  redraw?: Redraw | undefined
  machineSignIn?: MachineSignIn | undefined
}

export const CLEAR = { 'clear-site-data': '"cache", "cookies", "storage"' }

export type Send = (reply: Reply, more?: Record<string, string>) => Response

export async function formOf(context: Context): Promise<URLSearchParams> {
  const body = await context.req.text()
  if (body.length > 64 * 1024) throw new Problem('too-large', 413, 'This is too large to be a form.')
  return new URLSearchParams(body)
}

export type OwnPages = ReturnType<typeof signedInPages<'resident'>>

export const onceOf = (visit: OwnVisit, what: string) => `me ${visit.form.get('once') || randomUUID()} ${what}`
