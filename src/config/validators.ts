import { createPublicKey, type KeyObject } from 'node:crypto'
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'
import { makeValidator } from 'envalid'
import { tokenAlgorithms } from '../auth/token-algorithm'
import { parseDatabaseUrl } from '../database/server/address/parse-database-url'
import { parseEncryptionKey } from '../secrets/keyring'
import { parsePasswordHash } from '../secrets/password-hash'
import type { ProcessRole } from './config'

const RESERVED_HEADERS =
  /^(host|content-.*|user-agent|connection|keep-alive|transfer-encoding|upgrade|expect|webhook-.*)$/i
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

export const text = makeValidator<string>((value) => value)
export const port = makeValidator<number>((value) => integerBetween(value, 0, 65_535))
export const count = makeValidator<number>((value) => integerBetween(value, 1, 1_000_000))
/** One listens for notifications, and a change of the schema takes three. */
export const connections = makeValidator<number>((value) => integerBetween(value, 3, 1_000))
export const flag = makeValidator<boolean>((value) => oneOf(value, ['true', 'false']) === 'true')
export const seconds = makeValidator<number[]>((value) =>
  list(value).map((item) => decimalBetween(item, 0, 31_536_000)),
)
export const cidrs = makeValidator<string[]>((value) => (value === '' ? [] : list(value).map(cidr)))
export const dnsServers = makeValidator<string[]>((value) => list(value).map(nameServer))
export const keys = makeValidator<Buffer[]>((value) => list(value).map(parseEncryptionKey))
export const roles = makeValidator<ProcessRole[]>((value) =>
  list(value).map((item) => oneOf(item, ['api', 'worker'])),
)
export const logLevel = makeValidator<string>((value) => oneOf(value, LOG_LEVELS))
export const environment = makeValidator<string>((value) =>
  oneOf(value, ['development', 'test', 'production']),
)
/** The keys that decide who is an admin: in production nobody on the way may change them. */
export const jwksUrl = (production: boolean) =>
  makeValidator<string>((value) => {
    const { username, password } = new URL(urlOf(value, production ? ['https:'] : ['https:', 'http:']))
    // No fetch takes them, and its error would repeat them in the log.
    if (username || password) throw new Error('must have no user and password')
    return value
  })
export const publicUrl = makeValidator<string>((value) => {
  const { search, hash, username, password, href } = new URL(urlOf(value, ['https:', 'http:']))
  if (search || hash || username || password) throw new Error('must have no user, query and fragment')
  return href.replace(/\/+$/, '')
})
export const origins = makeValidator<string[]>((value) => list(value).map(origin))
export const postgresUrl = makeValidator<string>((value) => {
  parseDatabaseUrl(value)
  return value
})
export const headerName = makeValidator<string>((value) => {
  if (RESERVED_HEADERS.test(value)) throw new Error('must not be a header that the gateway sets itself')
  return matching(value, /^[A-Za-z0-9-]{1,64}$/, 'an HTTP header name')
})
export const pem = makeValidator<string>((value) => publicKey(value.replaceAll('\\n', '\n')))
export const jwtSecret = makeValidator<string>((value) => {
  if (Buffer.byteLength(value) < 32) throw new Error('must be at least 32 bytes long')
  return value
})
export const passwordHash = makeValidator<string>((value) => {
  parsePasswordHash(value)
  return value
})

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

function origin(value: string): string {
  if (!URL.canParse(value) || new URL(value).origin !== value || value === 'null') {
    throw new Error('must be origins such as https://app.example.com, without a path')
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

/** @returns the value in the form that Node's `setServers` reads */
function nameServer(value: string): string {
  if (isIP(value) !== 0) return value
  const [, v6 = '', v4 = '', port = '53'] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(value) ?? []
  if (!isIPv6(v6) && !isIPv4(v4))
    throw new Error('must be addresses such as 10.0.0.2, 10.0.0.3:5353, [fd00::1]:53')
  integerBetween(port, 1, 65_535)
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
  tokenAlgorithms(key)
  return pem
}
