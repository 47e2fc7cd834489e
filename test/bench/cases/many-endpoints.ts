import { keyring, parseEncryptionKey } from '../../../src/secrets/keyring'
import { newSecretRow } from '../../../src/secrets/new-secret'
import { insertEndpoints, type ManyEndpoints } from '../database/tables'
import { connected } from '../databases'
import { PRODUCTION } from '../processes'

/** Inserts very many endpoints by SQL, each with a signing secret that the gateway opens. */
export async function addEndpoints(
  database: string,
  endpoints: Omit<ManyEndpoints, 'secrets'>,
): Promise<void> {
  const keys = keyring([parseEncryptionKey(PRODUCTION.HOOKGATE_ENCRYPTION_KEY)])
  const secrets = Array.from({ length: endpoints.count }, () => newSecretRow(keys))
  await connected(database, (client) => insertEndpoints(client, { ...endpoints, secrets }))
}
