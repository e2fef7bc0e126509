import type { Disclosed } from '../firewall/disclosed.ts'
import { purposeOf, type Resident } from '../firewall/requester.ts'
import type { LookUp } from '../oversight/look-up-store.ts'
import { allLookUpsOf } from '../oversight/read-look-ups.ts'
import { type Oversight, oversightOf } from '../oversight/review-flags.ts'
import { today } from '../platform/clock.ts'
import { NotFound } from '../platform/problem.ts'
import type { ProofDeps } from '../proofs/issue.ts'
import { type ProofOutline, proofsOf } from '../proofs/list-proofs.ts'
import { type OfferOutline, offersAbout } from '../proofs/wallet/offer.ts'
import type { NeighbourFields } from '../registry/model.ts'
import { type WaysEver, waysEver } from '../registry/person/end-ways-in.ts'
import { type HeldAbout, heldAbout, withAllAddresses } from '../registry/person/held-about.ts'
import { type History, neighbourHistory } from '../registry/person/read-history.ts'
import { loadRecords } from '../registry/store.ts'
import type { Acting } from '../town/model.ts'
import { attachmentsOf } from './complain.ts'
import { type Asked, askedBy } from './read-asked.ts'

/**
 * Everything the city holds about a neighbour, as far as they may know of it. schema/everything.json says of each table where it
 * stands here, or on which ground of law it does not; a test holds it against the database.
 *
 * @see GDPR article 15(1) and (3)
 */
export interface EverythingAbout {
  record: History
  whoLooked: LookUp[]
  proofs: ProofOutline[]
  asked: Asked[]
  held: HeldAbout
  waysIn: WaysEver
  oversight: Oversight
  wallets: OfferOutline[]
  attachments: { id: string; mediaType: string; base64: string }[]
}

/** @throws {NotFound} {Refusal} */
export async function everythingAbout(
  deps: ProofDeps,
  { town, by: resident }: Acting<Resident>,
): Promise<Disclosed<EverythingAbout>> {
  const { neighbourId } = resident
  const history = await neighbourHistory(
    deps,
    { town, by: resident },
    { id: neighbourId, purpose: purposeOf(resident), asOf: {} },
  )
  return history
    .with(await restOf(deps, { town, by: resident }))
    .with(await proofsOf(deps, { town, by: resident }, neighbourId))
    .with(await askedBy(deps, { town, by: resident }))
    .with(await allLookUpsOf(deps, { town, by: resident }))
    .map(([[[[record, rest], { proofs }], asked], whoLooked]) => ({ record, whoLooked, proofs, asked, ...rest }))
}

async function restOf(deps: ProofDeps, { town, by: resident }: Acting<Resident>) {
  const { ledger } = await deps.gate.keysOf(town.id)
  const { neighbourId } = resident
  const fields = ['history', 'address', 'residence', 'representatives', 'proceeding', 'waysIn'] as const
  return deps.gate.open<
    NeighbourFields & { waysIn: never },
    (typeof fields)[number],
    Pick<EverythingAbout, 'held' | 'waysIn' | 'oversight' | 'wallets' | 'attachments'>
  >(
    { municipalityId: town.id, requester: resident, action: 'open', purpose: purposeOf(resident), fields },
    async (transaction) => {
      const records = await loadRecords(transaction, [neighbourId], { trueAt: today(deps.clock, town.timeZone) })
      return Promise.all(records.map((record) => withAllAddresses(transaction, record)))
    },
    async ([record], unit) => {
      if (record === undefined) throw new NotFound()
      const { transaction } = unit
      const now = deps.clock.now()
      return {
        held: await heldAbout(transaction, {
          neighbourId,
          now,
          reopen: (place, sealed) => unit.reopen(neighbourId, place, sealed),
          reopenAddress: (addressId, place, sealed) => unit.reopen(addressId, place, sealed),
        }),
        waysIn: await waysEver(transaction, { ledger, neighbourId, now }),
        oversight: await oversightOf(transaction, ledger, neighbourId),
        wallets: await offersAbout(transaction, ledger, neighbourId),
        attachments: await attachmentsOf(transaction, ledger, neighbourId),
      }
    },
  )
}
