import type { Config, DeliveryConfig } from './config/config'
import { batchedReads } from './database/batched-reads'
import type { Database } from './database/database'
import { createSender, type Sender } from './delivery/sending/sender'
import type { TestSendCore } from './delivery/test-send'
import type { EndpointsCore } from './endpoints/endpoint'
import { endpointChanges } from './endpoints/endpoint-changes'
import { readEventCatalogue, saveEventCatalogue } from './endpoints/event-types/event-catalogue'
import { readEndpoints } from './endpoints/find-endpoints'
import { addressPolicy } from './endpoints/targets/address-policy'
import { targetPolicy } from './endpoints/targets/target-policy'
import type { EventsCore } from './events/event'
import { encryptionKeys } from './secrets/development-keys'
import { keyring } from './secrets/keyring'
import { SigningKeyCache } from './secrets/signing-keys'
import { SigningSecrets } from './secrets/signing-secrets'
import { version } from './version'

/**
 * Everything the gateway's work needs, without HTTP and GraphQL. Functions of the core take it as their first argument, each
 * the part that it needs.
 */
export interface Core extends EndpointsCore, EventsCore, TestSendCore {
  database: Database
  secrets: SigningSecrets
  sender: Sender
  deliveryConfig: DeliveryConfig
  /** Closes the connections to receivers. The database belongs to the caller. */
  close(): Promise<void>
}

/**
 * Builds the core out of a config and an open database, and writes the event catalogue to the database. The gateway, the tests
 * and the benchmark all call this function.
 *
 * @throws Error with a message for the operator
 */
export async function createCore(config: Config, database: Database): Promise<Core> {
  const { prisma, query, notifications } = database
  const catalogue = readEventCatalogue(config.eventTypesFile)
  const keys = keyring(encryptionKeys(config))
  const secrets = new SigningSecrets(prisma, keys, { revealPasswordHash: config.revealPasswordHash })
  const signingKeys = new SigningKeyCache(keys)
  await saveEventCatalogue(prisma, catalogue)
  // Requests share the reads of one turn of the event loop, because sending a statement costs this process more than running it
  // costs PostgreSQL. Measured with 64 clients: a read by GraphQL costs 209 µs of CPU instead of 340, a GET 127 instead of 242.
  const endpoints = batchedReads((ids: number[]) => readEndpoints(query, ids), {
    schedule: (read) => setImmediate(read),
  })
  const sender = createSender({
    isAddressAllowed: addressPolicy(config.targets.allowedNetworks),
    timeoutMs: config.delivery.sendTimeoutMs,
    dnsServers: config.delivery.dnsServers,
    allowHttp: config.targets.allowHttp,
    userAgent: `Hookgate/${version}`,
  })
  return {
    database,
    prisma,
    query,
    catalogue,
    keyring: keys,
    validateTarget: targetPolicy(config.targets),
    notifyWorkers: notifications.notifyWorkers,
    notifyFanOut: notifications.notifyFanOut,
    readEndpoint: (id) => endpoints.load(id),
    changeEndpoint: endpointChanges(query),
    secrets,
    sender,
    signingKeys: signingKeys.keysOf.bind(signingKeys),
    deliveryConfig: config.delivery,
    close: () => sender.close(),
  }
}
