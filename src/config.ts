import { createPublicKey, type KeyObject } from 'node:crypto'
import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { resolve } from 'node:path'
import { cleanEnv, makeValidator } from 'envalid'
import type { AuthConfig } from './auth/auth-config'
import { tokenAlgorithm } from './auth/token-algorithm'
import { parseEncryptionKey } from './secrets/keyring'
import { parsePasswordHash } from './secrets/password-hash'

export type ProcessRole = 'api' | 'worker'

/** Which targets an endpoint may have. */
export interface TargetConfig {
  /** CIDRs that targets may use although they are not public */
  allowedNetworks: string[]
  allowHttp: boolean
}

export interface DeliveryConfig {
  /** sends in flight in this process */
  concurrency: number
  /** sends in flight to one endpoint, in this process */
  endpointConcurrency: number
  /** deadline of one send, from the name lookup to the end of the response */
  sendTimeoutMs: number
  /** seconds to wait after each failed try */
  retrySchedule: number[]
  retentionDays: number
  signatureHeader: string
}

export interface Config {
  production: boolean
  host: string
  port: number
  /** undefined = embedded PostgreSQL in `dataDir` */
  databaseUrl: string | undefined
  dataDir: string
  auth: AuthConfig
  /** 32 bytes each, newest first; undefined = the development key of the data folder */
  encryptionKeys: Buffer[] | undefined
  revealPasswordHash: string | undefined
  targets: TargetConfig
  /** path of the operator's catalogue of event types; undefined = the built-in one */
  eventTypesFile: string | undefined
  delivery: DeliveryConfig
  roles: ProcessRole[]
  logLevel: string
}

/** Every fault of the environment in one error, one line each. */
export class ConfigError extends Error {
  override name = 'ConfigError'

  constructor(faults: string[]) {
    super(`The configuration cannot be used:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
  }
}

const RESERVED_HEADERS =
  /^(host|content-.*|user-agent|connection|keep-alive|transfer-encoding|upgrade|expect|webhook-.*)$/i
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

const text = makeValidator<string>((value) => value)
const port = makeValidator<number>((value) => integerBetween(value, 0, 65_535))
const count = makeValidator<number>((value) => integerBetween(value, 1, 1_000_000))
const flag = makeValidator<boolean>((value) => oneOf(value, ['true', 'false']) === 'true')
const seconds = makeValidator<number[]>((value) =>
  list(value).map((item) => decimalBetween(item, 0, 31_536_000)),
)
const cidrs = makeValidator<string[]>((value) => (value === '' ? [] : list(value).map(cidr)))
const keys = makeValidator<Buffer[]>((value) => list(value).map(parseEncryptionKey))
const roles = makeValidator<ProcessRole[]>((value) =>
  list(value).map((item) => oneOf(item, ['api', 'worker'])),
)
const logLevel = makeValidator<string>((value) => oneOf(value, LOG_LEVELS))
const environment = makeValidator<string>((value) => oneOf(value, ['development', 'test', 'production']))
const webUrl = makeValidator<string>((value) => urlOf(value, ['https:', 'http:']))
const postgresUrl = makeValidator<string>((value) => urlOf(value, ['postgresql:', 'postgres:']))
const headerName = makeValidator<string>((value) => {
  if (RESERVED_HEADERS.test(value)) throw new Error('must not be a header that the gateway sets itself')
  return matching(value, /^[A-Za-z0-9-]{1,64}$/, 'an HTTP header name')
})
const pem = makeValidator<string>((value) => publicKey(value.replaceAll('\\n', '\n')))
const jwtSecret = makeValidator<string>((value) => {
  if (Buffer.byteLength(value) < 32) throw new Error('must be at least 32 bytes long')
  return value
})
const passwordHash = makeValidator<string>((value) => {
  parsePasswordHash(value)
  return value
})

/** Every variable with its default. The table of the README explains each to operators; a test compares the two. */
export const variables = (production: boolean) => ({
  NODE_ENV: environment({ default: 'development' }),
  HOST: text({ default: '127.0.0.1' }),
  PORT: port({ default: 4000 }),
  DATABASE_URL: postgresUrl({ default: undefined }),
  LOG_LEVEL: logLevel({ default: 'info' }),
  HOOKGATE_DATA_DIR: text({ default: '.hookgate' }),
  HOOKGATE_JWT_SECRET: jwtSecret({ default: undefined }),
  HOOKGATE_JWKS_URL: webUrl({ default: undefined }),
  HOOKGATE_JWT_PUBLIC_KEY: pem({ default: undefined }),
  HOOKGATE_JWT_ISSUER: text({ default: undefined }),
  HOOKGATE_JWT_AUDIENCE: text({ default: undefined }),
  HOOKGATE_ROLE_CLAIM: text({ default: 'role' }),
  HOOKGATE_ENCRYPTION_KEY: keys({ default: undefined }),
  HOOKGATE_REVEAL_PASSWORD_HASH: passwordHash({ default: undefined }),
  HOOKGATE_ALLOWED_NETWORKS: cidrs({ default: production ? [] : ['127.0.0.0/8', '::1/128'] }),
  HOOKGATE_ALLOW_HTTP: flag({ default: !production }),
  HOOKGATE_EVENT_TYPES: text({ default: undefined }),
  HOOKGATE_CONCURRENCY: count({ default: 200 }),
  HOOKGATE_ENDPOINT_CONCURRENCY: count({ default: 10 }),
  HOOKGATE_SEND_TIMEOUT_MS: count({ default: 15_000 }),
  HOOKGATE_RETRY_SCHEDULE: seconds({ default: [5, 25, 125, 625, 3125] }),
  HOOKGATE_RETENTION_DAYS: count({ default: 30 }),
  HOOKGATE_SIGNATURE_HEADER: headerName({ default: 'SelfCommunity-Signature' }),
  HOOKGATE_ROLES: roles({ default: ['api', 'worker'] }),
})

/** Variables whose empty text is a value. Every other empty variable counts as unset, as in a compose file. */
const MAY_BE_EMPTY = new Set(['HOOKGATE_ALLOWED_NETWORKS'])

/**
 * Reads the configuration from environment variables.
 *
 * @throws ConfigError that names every bad, missing, contradictory or unknown variable, and repeats no value
 */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => value !== '' || MAY_BE_EMPTY.has(name)),
  )
  const production = given.NODE_ENV === 'production'
  const specs = variables(production)
  const faults: string[] = []
  const env = cleanEnv(given, specs, {
    reporter: ({ errors }) => {
      for (const [name, error] of Object.entries(errors)) faults.push(`${name} ${error?.message}`)
    },
  })
  const known = new Set(Object.keys(specs))
  for (const name of Object.keys(environment)) {
    if (name.startsWith('HOOKGATE_') && !known.has(name)) faults.push(`${name} is not a variable of Hookgate`)
  }
  const tokenKeys = TOKEN_KEYS.filter((name) => given[name] !== undefined)
  if (tokenKeys.length > 1) faults.push(`${tokenKeys.join(', ')} exclude each other: set one`)
  if (production) {
    if (tokenKeys.length === 0) faults.push(`${TOKEN_KEYS.join(' or ')} is required in production`)
    if (given.HOOKGATE_ENCRYPTION_KEY === undefined) {
      faults.push('HOOKGATE_ENCRYPTION_KEY is required in production (openssl rand -base64 32)')
    }
  }
  if (faults.length > 0) throw new ConfigError(faults)

  return {
    production,
    host: env.HOST,
    port: env.PORT,
    databaseUrl: env.DATABASE_URL,
    dataDir: resolve(env.HOOKGATE_DATA_DIR),
    auth: {
      key: tokenKey(env),
      issuer: env.HOOKGATE_JWT_ISSUER,
      audience: env.HOOKGATE_JWT_AUDIENCE,
      roleClaim: env.HOOKGATE_ROLE_CLAIM,
    },
    encryptionKeys: env.HOOKGATE_ENCRYPTION_KEY,
    revealPasswordHash: env.HOOKGATE_REVEAL_PASSWORD_HASH,
    targets: { allowedNetworks: env.HOOKGATE_ALLOWED_NETWORKS, allowHttp: env.HOOKGATE_ALLOW_HTTP },
    eventTypesFile: env.HOOKGATE_EVENT_TYPES,
    delivery: {
      concurrency: env.HOOKGATE_CONCURRENCY,
      endpointConcurrency: env.HOOKGATE_ENDPOINT_CONCURRENCY,
      sendTimeoutMs: env.HOOKGATE_SEND_TIMEOUT_MS,
      retrySchedule: env.HOOKGATE_RETRY_SCHEDULE,
      retentionDays: env.HOOKGATE_RETENTION_DAYS,
      signatureHeader: env.HOOKGATE_SIGNATURE_HEADER,
    },
    roles: env.HOOKGATE_ROLES,
    logLevel: env.LOG_LEVEL,
  }
}

const TOKEN_KEYS = ['HOOKGATE_JWT_SECRET', 'HOOKGATE_JWKS_URL', 'HOOKGATE_JWT_PUBLIC_KEY'] as const

function tokenKey(env: Record<(typeof TOKEN_KEYS)[number], string | undefined>): AuthConfig['key'] {
  if (env.HOOKGATE_JWT_SECRET) return { secret: env.HOOKGATE_JWT_SECRET }
  if (env.HOOKGATE_JWKS_URL) return { jwksUrl: env.HOOKGATE_JWKS_URL }
  if (env.HOOKGATE_JWT_PUBLIC_KEY) return { publicKey: env.HOOKGATE_JWT_PUBLIC_KEY }
  return undefined
}

const list = (value: string) => value.split(',').map((item) => item.trim())

function integerBetween(value: string, least: number, most: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
  if (!(number >= least && number <= most)) throw new Error(`must be a whole number from ${least} to ${most}`)
  return number
}

function decimalBetween(value: string, least: number, most: number): number {
  const number = /^\d+(\.\d{1,3})?$/.test(value) ? Number(value) : Number.NaN
  if (!(number >= least && number <= most))
    throw new Error(`must be numbers from ${least} to ${most}, with three decimals at most`)
  return number
}

function oneOf<T extends string>(value: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value)
  if (choice === undefined) throw new Error(`must be one of ${choices.join(', ')}`)
  return choice
}

function matching(value: string, pattern: RegExp, what: string): string {
  if (!pattern.test(value)) throw new Error(`must be ${what}`)
  return value
}

function urlOf(value: string, protocols: string[]): string {
  if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
    throw new Error(`must be a ${protocols[0]}// address`)
  }
  return value
}

/** BlockList checks addresses at run time. A network that BlockList cannot read fails here, at start. */
function cidr(value: string): string {
  const [address = '', prefix = '', ...rest] = value.split('/')
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined
  if (family === undefined || !/^\d{1,3}$/.test(prefix) || rest.length > 0)
    throw new Error('must be CIDRs such as 10.0.0.0/8, fd00::/8')
  new BlockList().addSubnet(address, integerBetween(prefix, 0, family === 'ipv4' ? 32 : 128), family)
  return value
}

function publicKey(pem: string): string {
  // A private key would do as well, and must never get here.
  if (pem.includes('PRIVATE')) throw new Error('must be a public key')
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch {
    throw new Error('must be a PEM public key')
  }
  tokenAlgorithm(key)
  return pem
}
