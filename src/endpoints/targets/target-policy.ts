import { isIP } from 'node:net'
import type { TargetConfig } from '../../config'
import type { Problem, ProblemCode } from '../../failure'
import { addressPolicy } from './address-policy'

export const TARGET_MAX_LENGTH = 2048

/** Judges a target; `path` says where in the input it stood. */
export type ValidateTarget = (target: string, path: Problem['path']) => Problem[]

/**
 * One policy for create, replace and patch: an absolute http(s) URL whose scheme and literal address the operator
 * allows. This check is a courtesy to whoever saves the endpoint. A name may point anywhere by the time of sending,
 * so the check that protects the network is made at the socket.
 */
export function targetPolicy({ allowHttp, allowedNetworks }: TargetConfig): ValidateTarget {
  const isAddressAllowed = addressPolicy(allowedNetworks)
  return (target, path) => {
    const problems: Problem[] = []
    const refuse = (code: ProblemCode, message: string) => problems.push({ path, code, message })
    if (target.length > TARGET_MAX_LENGTH) {
      refuse(
        'TOO_LONG',
        `The target has ${target.length} characters; at most ${TARGET_MAX_LENGTH} are allowed.`,
      )
    }
    const url = parseAbsolute(target)
    if (url === undefined) {
      refuse('INVALID_URL', 'The target must be an absolute URL such as https://example.com/webhooks.')
      return problems
    }
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowHttp)) {
      refuse('SCHEME_NOT_ALLOWED', `The target's scheme must be ${allowHttp ? 'https or http' : 'https'}.`)
    }
    if (/^https?:/i.test(target) && !/^https?:\/\/[^/]/i.test(target)) {
      refuse('INVALID_URL', 'The target must name a host after its scheme, as in https://example.com.')
    }
    if (url.username !== '' || url.password !== '') {
      refuse('INVALID_URL', 'The target must not contain a user name or password.')
    }
    if (!literalAddressesOf(url.hostname).every(isAddressAllowed)) {
      refuse('ADDRESS_NOT_ALLOWED', 'The target must be a public address or one that the operator allows.')
    }
    return problems
  }
}

/** The URL standard repairs white space, control characters and backslashes; a stored target needs no repair. */
function parseAbsolute(target: string): URL | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to refuse
  if (/[\u0000-\u0020\u007f\\]/.test(target) || !target.isWellFormed()) return undefined
  return URL.canParse(target) ? new URL(target) : undefined
}

/**
 * The addresses that a host stands for without any lookup. The URL parser has already folded decimal, octal, hex and
 * short IPv4 notations into the dotted one. `localhost` never leaves the machine (RFC 6761, section 6.3).
 */
function literalAddressesOf(hostname: string): string[] {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (isIP(host) !== 0) return [host]
  return host === 'localhost' || host.endsWith('.localhost') ? ['127.0.0.1'] : []
}
