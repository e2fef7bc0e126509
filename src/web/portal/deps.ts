import { randomUUID } from 'node:crypto'
import type { ReplyHeaders } from '../../http/headers.ts'
import type { MachineSignIn } from '../../identity/machine-sign-in.ts'
import type { LedgerSigners } from '../../ledger/signer.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import type { Renderer } from '../../proofs/paper/paper.ts'
import type { Redraw } from '../../requests/attachments.ts'
import type { signedInPages } from '../signed-in.tsx'
import type { OwnContext } from './shell.tsx'

export type PortalDeps = ProofDeps & {
  renderer?: Renderer | undefined
  signers: LedgerSigners
  redraw?: Redraw | undefined
  machineSignIn?: MachineSignIn | undefined
}

export const CLEAR: ReplyHeaders = { 'clear-site-data': '"cache", "cookies", "storage"' }

export type OwnPages = ReturnType<typeof signedInPages<'resident'>>

export const idempotencyKeyOf = (context: OwnContext, what: string) =>
  `me ${context.form.get('idempotencyKey') || randomUUID()} ${what}`
