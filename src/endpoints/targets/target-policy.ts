import { isIP } from 'node:net'
import type { TargetConfig } from '../../config/config'
import type { Problem, ProblemCode } from '../../failure'
import { addressPolicy } from './address-policy'

export const TARGET_MAX_LENGTH = 2048

/** Validates a target. `path` is its place in the input. */
export type ValidateTarget = (target: string, path: Problem['path']) => Problem[]

/**
 * One policy for create, replace and patch: an absolute http(s) URL whose scheme and literal address the operator allows. This
 * check only helps the caller to find a mistake early. A host name may resolve to any address later, so the check that
 * protects the network runs at the socket, when a delivery is sent.
 */
export function targetPolicy({ allowHttp, allowedNetworks }: TargetConfig): ValidateTarget {
  const isAddressAllowed = addressPolicy(allowedNetworks)
  return (target, path) => {
    const problems: Problem[] = []
    const report = (code: ProblemCode, message: string) => problems.push({ path, code, message })
    if (target.length > TARGET_MAX_LENGTH) {
      report(
        'TOO_LONG',
        `The target has ${target.length} characters; at most ${TARGET_MAX_LENGTH} are allowed.`,
      )
    }
    const url = parseAbsolute(target)
    if (url === undefined) {
      report('INVALID_URL', 'The target must be an absolute URL such as https://example.com/webhooks.')
      return problems
    }
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowHttp)) {
      report('SCHEME_NOT_ALLOWED', `The target's scheme must be ${allowHttp ? 'https or http' : 'https'}.`)
    }
    if (/^https?:/i.test(target) && !/^https?:\/\/[^/]/i.test(target)) {
      report('INVALID_URL', 'The target must name a host after its scheme, as in https://example.com.')
    }
    if (url.username !== '' || url.password !== '') {
      report('INVALID_URL', 'The target must not contain a user name or password.')
    }
    if (!literalAddressesOf(url.hostname).every(isAddressAllowed)) {
      report('ADDRESS_NOT_ALLOWED', 'The target must be a public address or one that the operator allows.')
    }
    return problems
  }
}

/** The URL parser repairs white space, control characters and backslashes. A target must not need such repairs. */
function parseAbsolute(target: string): URL | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern finds these characters
  if (/[\u0000-\u0020\u007f\\]/.test(target) || !target.isWellFormed()) return undefined
  return URL.canParse(target) ? new URL(target) : undefined
}

/**
 * The addresses of a host that need no lookup. The URL parser has converted decimal, octal, hexadecimal and short IPv4
 * notations to the dotted one. `localhost` is always this machine (RFC 6761, section 6.3).
 */
function literalAddressesOf(hostname: string): string[] {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (isIP(host) !== 0) return [host]
  return host === 'localhost' || host.endsWith('.localhost') ? ['127.0.0.1'] : []
}
