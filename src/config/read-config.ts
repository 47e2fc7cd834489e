import { resolve } from 'node:path'
import { cleanEnv } from 'envalid'
import type { AuthConfig } from '../auth/auth-config'
import type { Config } from './config'
import { unknownNames } from './unknown-names'
import { variables } from './variables'

/** Every fault of the environment in one error, one line each. */
export class ConfigError extends Error {
  override name = 'ConfigError'

  constructor(faults: string[]) {
    super(`The configuration cannot be used:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
  }
}

/** Variables whose empty text is a value. Every other empty variable counts as unset, as in a compose file. */
const MAY_BE_EMPTY = new Set(['HOOKGATE_ALLOWED_NETWORKS'])

/** Sources of the key that verifies tokens. */
const TOKEN_KEYS = ['HOOKGATE_JWT_SECRET', 'HOOKGATE_JWKS_URL', 'HOOKGATE_JWT_PUBLIC_KEY'] as const

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
  const refused = new Set<string>()
  const env = cleanEnv(given, specs, {
    reporter: ({ errors }) => {
      for (const [name, error] of Object.entries(errors)) {
        refused.add(name)
        faults.push(`${name} ${error?.message}`)
      }
    },
  })
  faults.push(...unknownNames(Object.keys(environment), Object.keys(specs)))
  faults.push(...contradictions(given, refused))
  if (production) faults.push(...missingInProduction(given))
  if (faults.length > 0) throw new ConfigError(faults)

  return {
    production,
    host: env.HOST,
    port: env.PORT,
    publicUrl: env.HOOKGATE_PUBLIC_URL,
    corsOrigins: env.HOOKGATE_CORS_ORIGINS,
    database: {
      url: env.DATABASE_URL,
      directUrl: env.HOOKGATE_DATABASE_DIRECT_URL,
      isPooled: env.HOOKGATE_DATABASE_POOLED,
      connections: env.HOOKGATE_DATABASE_CONNECTIONS,
    },
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
      hostConcurrency: env.HOOKGATE_HOST_CONCURRENCY,
      sendTimeoutMs: env.HOOKGATE_SEND_TIMEOUT_MS,
      dnsServers: env.HOOKGATE_DNS_SERVERS,
      retrySchedule: env.HOOKGATE_RETRY_SCHEDULE,
      retentionDays: env.HOOKGATE_RETENTION_DAYS,
      signatureHeader: env.HOOKGATE_SIGNATURE_HEADER,
    },
    roles: env.HOOKGATE_ROLES,
    logLevel: env.LOG_LEVEL,
  }
}

type Given = Record<string, string | undefined>

/** @param refused the names of variables whose own value is bad */
function contradictions(given: Given, refused: Set<string>): string[] {
  const faults: string[] = []
  const tokenKeys = TOKEN_KEYS.filter((name) => given[name] !== undefined)
  if (tokenKeys.length > 1) faults.push(`${tokenKeys.join(', ')} exclude each other: set one`)
  if (given.DATABASE_URL === undefined) {
    for (const name of ['HOOKGATE_DATABASE_POOLED', 'HOOKGATE_DATABASE_DIRECT_URL']) {
      const isSet = given[name] !== undefined && given[name] !== 'false'
      if (isSet && !refused.has(name)) faults.push(`${name} requires DATABASE_URL`)
    }
  }
  return faults
}

function missingInProduction(given: Given): string[] {
  const faults: string[] = []
  if (TOKEN_KEYS.every((name) => given[name] === undefined)) {
    faults.push(`${TOKEN_KEYS.join(' or ')} is required in production`)
  }
  if (given.HOOKGATE_ENCRYPTION_KEY === undefined) {
    faults.push('HOOKGATE_ENCRYPTION_KEY is required in production (openssl rand -base64 32)')
  }
  if (given.HOOKGATE_JWKS_URL !== undefined || given.HOOKGATE_JWT_PUBLIC_KEY !== undefined) {
    // An identity provider signs tokens for other programs as well, with the same keys.
    for (const name of ['HOOKGATE_JWT_ISSUER', 'HOOKGATE_JWT_AUDIENCE']) {
      if (given[name] === undefined) {
        faults.push(`${name} is required in production for tokens of an identity provider`)
      }
    }
  }
  return faults
}

function tokenKey(env: Record<(typeof TOKEN_KEYS)[number], string | undefined>): AuthConfig['key'] {
  if (env.HOOKGATE_JWT_SECRET) return { secret: env.HOOKGATE_JWT_SECRET }
  if (env.HOOKGATE_JWKS_URL) return { jwksUrl: env.HOOKGATE_JWKS_URL }
  if (env.HOOKGATE_JWT_PUBLIC_KEY) return { publicKey: env.HOOKGATE_JWT_PUBLIC_KEY }
  return undefined
}
