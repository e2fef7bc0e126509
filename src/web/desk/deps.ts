import type { PolicyEngine } from '../../firewall/policies.ts'
import type { LedgerSigners } from '../../ledger/signer.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import type { Renderer } from '../../proofs/paper/paper.ts'

export type DeskDeps = ProofDeps & { policies: PolicyEngine; renderer?: Renderer | undefined; signers: LedgerSigners }
