import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyProvider } from '../keys/key-provider.ts'
import { openOwn, recordRegistryKey, storeDataKey } from '../keys/municipality-keys.ts'
import { newDataKey } from '../keys/seal.ts'
import { uuidv7 } from '../platform/clock.ts'
import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import { installationOf } from '../platform/installation.ts'
import type { NoteSigner } from './checkpoint.ts'
import { keepLedgerKey, ledgerKeyRow } from './store.ts'

/**
 * The name a municipality's ledger signs under: its address, so that nobody else's notes can be taken for its own. After a
 * restore another ledger begins, with the number of the restore behind.
 */
export const ledgerName = (issuer: string, epoch = 1) =>
  `${issuer.replace(/^https?:\/\//, '')}/ledger${epoch === 1 ? '' : `/${epoch}`}`

export interface LedgerSigners {
  of(town: { id: string; issuer: string }): Promise<NoteSigner>
}

/** Signers of checkpoints, each made the first time its municipality needs it and sealed like every other key. */
export function ledgerSigners(database: Database, keys: KeyProvider): LedgerSigners {
  const known = new Map<string, Promise<NoteSigner>>()
  return {
    of(town) {
      const signer =
        known.get(`${town.id} ${town.issuer}`) ??
        inMunicipality(database, town.id, async (transaction) => {
          const { epoch } = await installationOf(transaction)
          return load(transaction, { keys, municipalityId: town.id, name: ledgerName(town.issuer, epoch) })
        })
      known.set(`${town.id} ${town.issuer}`, signer)
      signer.catch(() => known.delete(`${town.id} ${town.issuer}`))
      return signer
    },
  }
}

const location = (municipalityId: string) => ({ table: 'ledger_keys', column: 'private_key', row: municipalityId })

async function load(
  transaction: Transaction,
  { keys, municipalityId, name }: { keys: KeyProvider; municipalityId: string; name: string },
): Promise<NoteSigner> {
  const find = () => ledgerKeyRow(transaction, municipalityId)
  let row = await find()
  if (row === undefined) {
    await make(transaction, keys, municipalityId)
    row = await find()
  }
  if (row === undefined) throw new Error('the ledger key was not kept')
  const der = Buffer.from(
    String(openOwn(keys, { row, location: location(municipalityId), sealed: row.private_key })),
    'base64',
  )
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return { name, publicKey: row.public_key, sign: (text) => sign(null, text, privateKey) }
}

async function make(transaction: Transaction, keys: KeyProvider, municipalityId: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const dataKey = newDataKey(uuidv7())
  await recordRegistryKey(transaction, municipalityId, keys.currentKeyId())
  await storeDataKey(transaction, dataKey.wrap(keys, municipalityId, 'signing-key'))
  const der = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')
  await keepLedgerKey(transaction, {
    municipalityId,
    dataKeyId: dataKey.id,
    publicKey: Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url'),
    privateKey: Buffer.from(dataKey.seal(location(municipalityId), der)),
  })
}
