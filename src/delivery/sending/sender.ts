import { createSecureContext } from 'node:tls'
import type { IsAddressAllowed } from '../../endpoints/targets/address-policy'
import { Connections } from './connections/connections'
import { destinationOf } from './destination'
import { exchange } from './exchange'
import { addressGuard } from './names/address-guard'
import { type NameLookup, nameLookup } from './names/name-lookup'
import type { SendRequest } from './send-request'
import { notSent, type SendResult, STOPPED } from './send-result'
import { stopsOf } from './stop-signal'

export interface SenderOptions {
  isAddressAllowed: IsAddressAllowed
  /** one deadline for name lookup, connection, TLS, request and response */
  timeoutMs: number
  /** default: true. A target was validated when it was saved, but the operator may have changed the setting since. */
  allowHttp?: boolean
  userAgent: string
  /** PEM certificates to trust instead of those that Node trusts */
  trustedCertificates?: string[]
  /** `address` or `address:port` of the name servers to ask; default: those of the system */
  dnsServers?: string[] | undefined
  /** how many idle connections are kept at most; default: by the file descriptors of the process */
  idleConnectionsMax?: number
  /** default: the hosts file and the name servers */
  lookup?: NameLookup
}

export interface Sender {
  /**
   * Sends one POST, and follows no redirect. Never rejects because of the network or the receiver. A request is sent a second time
   * only when a kept connection ended before a byte of the answer. A request that its permit does not allow ends as ABORTED.
   *
   * @throws TypeError when the target is not an absolute http or https URL
   */
  send(request: SendRequest): Promise<SendResult>
  /** Ends all connections. Every send in flight ends as ABORTED, and so does every later send. */
  close(): Promise<void>
}

/** The longest time for the lookup of one name, and the part of the deadline that it may take. */
const LOOKUP_MAX_MS = 5_000
const LOOKUP_SHARE = 0.4

export function createSender(options: SenderOptions): Sender {
  const { timeoutMs, userAgent, allowHttp = true, dnsServers, isAddressAllowed } = options
  const lookupMs = Math.min(LOOKUP_MAX_MS, timeoutMs * LOOKUP_SHARE)
  const closing = new AbortController()
  const stopOf = stopsOf(closing.signal)
  const connections = new Connections(options.idleConnectionsMax)
  const parts = {
    connections,
    lookup: addressGuard(isAddressAllowed, options.lookup ?? nameLookup({ dnsServers, timeoutMs: lookupMs })),
    // One for all connections, because creating one reads every trusted certificate.
    secureContext: createSecureContext({ ca: options.trustedCertificates }),
    timeoutMs,
    userAgent,
  }

  return {
    async send(request) {
      const { target, signal } = request
      const destination = destinationOf(target)
      if (!allowHttp && !destination.isTls)
        return notSent(
          'BLOCKED_ADDRESS',
          'The target is plain http, which HOOKGATE_ALLOW_HTTP does not allow.',
        )
      const stop = stopOf(signal)
      if (stop.isStopped) return notSent('ABORTED', STOPPED)
      return exchange(request, destination, stop, parts)
    },

    async close() {
      closing.abort()
      connections.close()
    },
  }
}
