import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { isThisMachine } from './platform/network.ts'

const flag = z.enum(['true', 'false']).transform((value) => value === 'true')

const ROLES = ['clerk', 'supervisor', 'legal', 'auditor'] as const
const Issuers = z.array(
  z
    .strictObject({
      issuer: z.url(),
      jwksUri: z.url(),
      towns: z.array(z.string().regex(/^[a-z0-9-]{1,64}$/)).min(1),
      roles: z.array(z.enum(ROLES)).default([]),
      clients: z.boolean().default(false),
      tokenEndpoint: z.url().optional(),
      staffAs: z
        .string()
        .regex(/^[\w.:/-]{0,100}$/)
        .optional(),
    })
    .refine(({ roles, clients }) => roles.length > 0 || clients, { message: 'says neither roles nor clients' }),
)
/** An issuer, and what it may say. @see TrustedIssuer */
type Issuer = z.infer<typeof Issuers>[number]
const ISSUERS_FORM = '[{"issuer":"https://…","jwksUri":"https://…","towns":["slug"],"roles":["clerk"],"clients":true}]'

/** How the sign-in says that it cannot be phished. @see OpenID Connect Extended Authentication Profile ACR Values 1.0 */
const Ways = z
  .strictObject({ acr: z.array(z.string().min(1)).default([]), amr: z.array(z.string().min(1)).default([]) })
  .refine(({ acr, amr }) => acr.length + amr.length > 0)

/** A witness sees nothing that is not public; whoever stands between must not keep it from seeing it. */
const WitnessUrl = z.url({ protocol: /^https?$/ }).refine((url) => url.startsWith('https:') || isThisMachine(url))
const Witnesses = z.array(z.strictObject({ url: WitnessUrl, key: z.string().min(40) }))

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** One server, or several with their ports of which one takes writes: `postgres://login:password@h1:5432,h2:5433/name`. */
const DatabaseUrl = z.string().refine(
  (text) => {
    const [, login = '', hosts = '', rest = ''] =
      /^postgres(?:ql)?:\/\/([^@/]*@)?([^/?]*)(\/.*|\?.*)?$/.exec(text) ?? []
    return hosts !== '' && hosts.split(',').every((host) => URL.canParse(`postgres://${login}${host}${rest}`))
  },
  { message: 'write it as postgres://login:password@host:5432/name, with several hosts as host:5432,host:5433' },
)

const Environment = z.object({
  NODE_OPTIONS: z.string().default(''),
  NODE_ENV: z.enum(['production', 'development', 'test']).default('development'),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65535).default(8080),
  DEMO_PORT: z.coerce.number().int().min(0).max(65535).optional(),
  DATABASE_URL: DatabaseUrl.optional(),
  DATABASE_OWNER_URL: DatabaseUrl.optional(),
  DATABASE_POOLER: flag.default(false),
  DATABASE_TLS: z.enum(['verify-full', 'elsewhere']).default('verify-full'),
  DATABASE_CONNECTIONS: z.coerce.number().int().min(1).max(200).default(8),
  DATA_DIR: z.string().min(1).default('.data'),
  JOURNAL_DIR: z.string().min(1).optional(),
  REGISTRY_KEYS: z.string().optional(),
  REGISTRY_KEY_FILE: z.string().optional(),
  EPOCH_KEY_FILE: z.string().min(1).optional(),
  BACKUP_KEEPER_KEY: z.string().min(1).optional(),
  BACKUP_KEYS_DIR: z.string().min(1).optional(),
  BACKUP_RETENTION_DAYS: z.coerce
    .number('write a number of days')
    .int()
    .min(1)
    .max(35, '35 at most: for so long whoever keeps the backups can read somebody who was erased')
    .default(35),
  TOKEN_ISSUERS: z
    .string()
    .transform((text, context) => {
      const issuers = Issuers.safeParse(jsonOr(text))
      if (issuers.success) return issuers.data
      context.addIssue({ code: 'custom', message: `write it as ${ISSUERS_FORM}` })
      return z.NEVER
    })
    .optional(),
  TOKEN_AUDIENCE: z.string().min(1).optional(),
  SIGN_IN_ISSUER: z.url().optional(),
  SIGN_IN_CLIENT_ID: z.string().min(1).optional(),
  SIGN_IN_CLIENT_SECRET: z.string().min(1).optional(),
  SIGN_IN_BACK_CHANNEL: flag.default(false),
  PHISHING_RESISTANT: z
    .string()
    .transform((text, context) => {
      const ways = Ways.safeParse(jsonOr(text))
      if (ways.success) return ways.data
      context.addIssue({ code: 'custom', message: 'write it as {"acr":["phr"],"amr":["hwk"]}' })
      return z.NEVER
    })
    .optional(),
  LEDGER_WITNESSES: z
    .string()
    .transform((text, context) => {
      const witnesses = Witnesses.safeParse(jsonOr(text))
      if (witnesses.success) return witnesses.data
      context.addIssue({ code: 'custom', message: 'write it as [{"url":"https://…","key":"name+hash+key"}]' })
      return z.NEVER
    })
    .optional(),
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  MAIL_FROM: z.email().optional(),
  SMS_URL: z.url({ protocol: /^https?$/ }).optional(),
  SMS_TOKEN: z.string().min(1).optional(),
  SMS_FROM: z.string().min(1).max(20).optional(),
  CASES_URL: z.url({ protocol: /^https?$/ }).optional(),
  CASES_TOKEN: z.string().min(1).optional(),
  TRUSTED_PROXIES: z.coerce.number().int().min(0).max(9).default(0),
  DEMO: flag.optional(),
  DEMO_NEIGHBOURS: z.coerce.number().int().min(0).max(100_000).default(200),
})

export interface Config {
  production: boolean
  /** Options Node itself took from the environment. */
  nodeOptions: string[]
  host: string
  port: number
  /** Where the demo sign-in listens. */
  demoPort: number
  databaseUrl: string | undefined
  ownerUrl: string | undefined
  connections: number
  /** A pooler between hands connections out by the transaction. */
  pooler: boolean
  dataDir: string
  /** Where acts that take something away are written down outside the database; on another disk in production. */
  journalDir: string | undefined
  /** Where programs are looked for. */
  programs: string
  registryKeys: string | undefined
  registryKeyFile: string
  /** The file with the epoch keys, which changes by itself: every host of an installation reaches it. */
  epochKeyFile: string
  /** Where copies of the epoch keys go, sealed to whoever keeps the backups, and for how many days those are kept. */
  backups: { keeper: string; folder: string; days: number } | undefined
  issuers: Issuer[]
  audience: string
  /** Where staff sign in to the pages; without it the desk is closed and the API alone works. */
  signIn: { issuer: string; clientId: string; clientSecret: string } | undefined
  /** The sign-in says when an account is closed. */
  backChannel: boolean
  /** What the sign-in says of a sign-in that cannot be phished. */
  phishingResistant: z.infer<typeof Ways>
  /** Where messages leave that say there is one; without it there are none. */
  mail: { url: string; from: string } | undefined
  /** Where text messages leave that say there is a message; without it there are none. */
  texts: { url: string; token: string; from: string } | undefined
  /** The town's queue or file system, which knows the cases it issued; without it one look-up a day of each member of staff is drawn by lot at least. */
  cases: { url: string; token: string } | undefined
  /** Witnesses asked to cosign checkpoints. */
  witnesses: { url: string; key: string }[]
  /** Reverse proxies in front, each of which adds the address it was asked from. */
  trustedProxies: number
  demo: boolean
  demoNeighbours: number
}

/** @throws when the environment cannot be used; each fault says which variable and what to set. */
export class ConfigInvalid extends Error {
  readonly code = 'config-invalid'
}

/** The only reader of the environment. */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  const parsed = Environment.safeParse(environment)
  if (!parsed.success) {
    throw new ConfigInvalid(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'))
  }
  const env = parsed.data
  const production = env.NODE_ENV === 'production'
  // A named database is never demonstrated upon, unless somebody says so outright.
  const demo = env.DEMO ?? (!production && env.DATABASE_URL === undefined && env.DATABASE_OWNER_URL === undefined)
  const folderOfKeys = env.REGISTRY_KEY_FILE ? dirname(env.REGISTRY_KEY_FILE) : env.DATA_DIR
  const epochKeyFile = env.EPOCH_KEY_FILE ?? `${folderOfKeys}/epoch-keys`
  const faults: string[] = []
  if (production) {
    if (!env.DATABASE_URL)
      faults.push(
        'DATABASE_URL: production needs a PostgreSQL server; the embedded database does not survive a power cut.',
      )
    if (env.DATABASE_TLS === 'verify-full')
      for (const name of ['DATABASE_URL', 'DATABASE_OWNER_URL'] as const)
        if (!isCheckedLine(env[name]))
          faults.push(
            `${name}: the server is on another machine and could be anyone: add ?sslmode=verify-full, with its authority in NODE_EXTRA_CA_CERTS. Where something else guards the line (a mesh, a tunnel), set DATABASE_TLS=elsewhere.`,
          )
    if (demo) faults.push('DEMO: production never runs with demo keys or demo sign-in; unset it.')
    if (!env.REGISTRY_KEYS && !env.REGISTRY_KEY_FILE)
      faults.push('REGISTRY_KEY_FILE or REGISTRY_KEYS: production needs registry keys of its own.')
    for (const { issuer, jwksUri, tokenEndpoint = issuer } of env.TOKEN_ISSUERS ?? []) {
      if ([issuer, jwksUri, tokenEndpoint].some((address) => !address.startsWith('https://')))
        faults.push('TOKEN_ISSUERS: every issuer, key set and token endpoint must use https.')
    }
  }
  if (!demo && !env.TOKEN_ISSUERS?.length)
    faults.push(`TOKEN_ISSUERS: name the issuers of staff and client tokens, as ${ISSUERS_FORM}.`)
  if (!demo && !env.TOKEN_AUDIENCE)
    faults.push('TOKEN_AUDIENCE: name the audience their tokens carry for this service.')
  const signInParts = [env.SIGN_IN_ISSUER, env.SIGN_IN_CLIENT_ID, env.SIGN_IN_CLIENT_SECRET]
  if (signInParts.some((part) => part !== undefined) && signInParts.some((part) => part === undefined))
    faults.push('SIGN_IN_ISSUER, SIGN_IN_CLIENT_ID, SIGN_IN_CLIENT_SECRET: set all three, or none.')
  faults.push(...issuerFaults(env.TOKEN_ISSUERS ?? []))
  const signInIssuer = env.TOKEN_ISSUERS?.find(({ issuer }) => issuer === env.SIGN_IN_ISSUER)
  if (env.SIGN_IN_ISSUER && !demo && (signInIssuer === undefined || signInIssuer.roles.length === 0))
    faults.push('SIGN_IN_ISSUER: list it in TOKEN_ISSUERS too, with the towns and roles it may name.')
  if (production && env.SIGN_IN_ISSUER && !env.SIGN_IN_ISSUER.startsWith('https://'))
    faults.push('SIGN_IN_ISSUER: the sign-in must use https.')
  if ((env.SMTP_URL === undefined) !== (env.MAIL_FROM === undefined))
    faults.push('SMTP_URL, MAIL_FROM: set both, or none.')
  const textParts = [env.SMS_URL, env.SMS_TOKEN, env.SMS_FROM]
  if (textParts.some((part) => part !== undefined) && textParts.some((part) => part === undefined))
    faults.push('SMS_URL, SMS_TOKEN, SMS_FROM: set all three, or none.')
  if (production && env.SMS_URL && !env.SMS_URL.startsWith('https://'))
    faults.push('SMS_URL: text messages must leave by https.')
  if ((env.BACKUP_KEEPER_KEY === undefined) !== (env.BACKUP_KEYS_DIR === undefined))
    faults.push('BACKUP_KEEPER_KEY, BACKUP_KEYS_DIR: set both, or none.')
  if (env.BACKUP_KEYS_DIR && resolve(env.BACKUP_KEYS_DIR) === resolve(dirname(epochKeyFile)))
    faults.push('BACKUP_KEYS_DIR: name a folder on another disk than that of the epoch keys.')
  if ((env.CASES_URL === undefined) !== (env.CASES_TOKEN === undefined))
    faults.push('CASES_URL, CASES_TOKEN: set both, or none.')
  if (production && env.CASES_URL && !env.CASES_URL.startsWith('https://'))
    faults.push('CASES_URL: cases must be asked about by https.')
  if (faults.length > 0) throw new ConfigInvalid(faults.join('\n'))
  return {
    production,
    nodeOptions: env.NODE_OPTIONS.split(/\s+/).filter((option) => option !== ''),
    host: env.HOST,
    port: env.PORT,
    demoPort: env.DEMO_PORT ?? (env.PORT === 0 ? 0 : env.PORT + 1),
    databaseUrl: env.DATABASE_URL,
    ownerUrl: env.DATABASE_OWNER_URL ?? (production ? undefined : env.DATABASE_URL),
    connections: env.DATABASE_CONNECTIONS,
    pooler: env.DATABASE_POOLER,
    dataDir: env.DATA_DIR,
    programs: environment.PATH ?? '',
    journalDir: env.JOURNAL_DIR ?? (production ? undefined : `${env.DATA_DIR}/journal`),
    registryKeys: env.REGISTRY_KEYS,
    registryKeyFile: env.REGISTRY_KEY_FILE ?? `${env.DATA_DIR}/registry-keys.json`,
    epochKeyFile,
    backups:
      env.BACKUP_KEEPER_KEY && env.BACKUP_KEYS_DIR
        ? { keeper: env.BACKUP_KEEPER_KEY, folder: env.BACKUP_KEYS_DIR, days: env.BACKUP_RETENTION_DAYS }
        : undefined,
    issuers: env.TOKEN_ISSUERS ?? [],
    audience: env.TOKEN_AUDIENCE ?? 'urn:padron:api',
    signIn:
      env.SIGN_IN_ISSUER && env.SIGN_IN_CLIENT_ID && env.SIGN_IN_CLIENT_SECRET
        ? { issuer: env.SIGN_IN_ISSUER, clientId: env.SIGN_IN_CLIENT_ID, clientSecret: env.SIGN_IN_CLIENT_SECRET }
        : undefined,
    backChannel: env.SIGN_IN_BACK_CHANNEL,
    phishingResistant: env.PHISHING_RESISTANT ?? { acr: ['phr', 'phrh'], amr: [] },
    mail: env.SMTP_URL && env.MAIL_FROM ? { url: env.SMTP_URL, from: env.MAIL_FROM } : undefined,
    texts:
      env.SMS_URL && env.SMS_TOKEN && env.SMS_FROM
        ? { url: env.SMS_URL, token: env.SMS_TOKEN, from: env.SMS_FROM }
        : undefined,
    cases: env.CASES_URL && env.CASES_TOKEN ? { url: env.CASES_URL, token: env.CASES_TOKEN } : undefined,
    witnesses: env.LEDGER_WITNESSES ?? [],
    trustedProxies: env.TRUSTED_PROXIES,
    demo,
    demoNeighbours: env.DEMO_NEIGHBOURS,
  }
}

/** Whether a server is on this machine, or proves by its certificate which one it is. */
function isCheckedLine(url: string | undefined): boolean {
  if (url === undefined) return true
  const [, hosts = '', query = ''] = /^\w+:\/\/(?:[^@/]*@)?([^/?]*)[^?]*(?:\?(.*))?$/.exec(url) ?? []
  const here = hosts.split(',').every((host) => isThisMachine(`postgres://${host}`))
  return here || new URLSearchParams(query).get('sslmode') === 'verify-full'
}

/** Two issuers that are one name, or whose staff could not be told apart. */
function issuerFaults(issuers: readonly Issuer[]): string[] {
  const twice = (names: string[]) => [...new Set(names.filter((name, i) => names.indexOf(name) !== i))]
  const ofStaff = issuers.filter(({ roles }) => roles.length > 0)
  return [
    ...twice(issuers.map(({ issuer }) => issuer)).map((issuer) => `TOKEN_ISSUERS: ${issuer} is listed twice.`),
    ...twice(ofStaff.map(({ issuer, staffAs = issuer }) => staffAs)).map(
      (name) => `TOKEN_ISSUERS: two issuers call their staff "${name}": give each another staffAs.`,
    ),
  ]
}
