import { buildConnector } from 'undici'
import { type AddressGuardOptions, addressGuard } from './address-guard'
import { Connections } from './connections'
import { exchange } from './exchange'
import { openConnection } from './open-connection'
import type { SendRequest } from './send-request'
import { notSent, type SendResult, STOPPED } from './send-result'
import { stopOf } from './stop-signal'

export interface SenderOptions extends AddressGuardOptions {
  /** one deadline for name lookup, connection, TLS, request and response */
  timeoutMs: number
  /** default: true. A target was validated when it was saved, but the operator may have changed the setting since. */
  allowHttp?: boolean
  userAgent: string
  /** PEM certificates to trust instead of those that Node trusts */
  trustedCertificates?: string[]
}

export interface Sender {
  /**
   * Sends one POST. Never rejects because of the network or the receiver, never sends a request twice, and follows no redirect.
   * A request that its permit does not allow ends as ABORTED.
   *
   * @throws TypeError when the target is not an absolute http or https URL
   */
  send(request: SendRequest): Promise<SendResult>
  /** Ends all connections. Every send in flight ends as ABORTED, and so does every later send. */
  close(): Promise<void>
}

export function createSender(options: SenderOptions): Sender {
  const { timeoutMs, userAgent, allowHttp = true } = options
  const closing = new AbortController()
  const [verified, unverified] = createConnections(options)

  return {
    async send(request) {
      const { target, permit, signal, verifyTls } = request
      const origin = originOf(target)
      if (!allowHttp && origin.startsWith('http:'))
        return notSent('BLOCKED_ADDRESS', 'plain http is not allowed')
      const stop = stopOf(signal === undefined ? [closing.signal] : [closing.signal, signal])
      if (stop.isStopped) return notSent('ABORTED', STOPPED)
      const connections = verifyTls ? verified : unverified
      return connections.use(origin, permit, (client) =>
        exchange(client, request, { timeoutMs, userAgent, stop }),
      )
    },

    async close() {
      closing.abort()
      await Promise.all([verified.close(), unverified.close()])
    },
  }
}

function originOf(target: string): string {
  const { origin, protocol } = new URL(target)
  if (protocol !== 'https:' && protocol !== 'http:')
    throw new TypeError('A target must be an http or https URL')
  return origin
}

/** Two sets, so that no request that requires a verified receiver uses a connection that was opened without verification. */
function createConnections(options: SenderOptions): [verified: Connections, unverified: Connections] {
  const guard = addressGuard(options)
  const { timeoutMs, trustedCertificates } = options
  const create = (rejectUnauthorized: boolean) => {
    const connect = guard((lookup) =>
      buildConnector({
        lookup,
        rejectUnauthorized,
        ca: trustedCertificates,
        // No timeout here: at its own deadline the exchange ends the connection.
        timeout: 0,
        autoSelectFamily: true,
        // Node allows 250 ms for each address but the last: too little for a receiver on another continent.
        autoSelectFamilyAttemptTimeout: Math.min(1_000, Math.ceil(timeoutMs / 4)),
      }),
    )
    return new Connections((origin) => openConnection(origin, connect))
  }
  return [create(true), create(false)]
}
