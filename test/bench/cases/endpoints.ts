import { rest } from '../api'
import type { Databases } from '../databases'
import { startGateway } from '../processes'
import type { Teardown } from '../teardown'

/** An endpoint as the REST API prints it. */
export interface StoredEndpoint {
  id: number
  target: string
  events: { type: string }[]
}

export interface Template {
  /** URL of a database that nobody is connected to, to be copied */
  database: string
  endpoints: StoredEndpoint[]
}

/**
 * A database of the gateway with endpoints in it, all of it made by the gateway itself.
 *
 * @param targets one endpoint for each
 * @param prepare what else is to be in it
 */
export async function endpointTemplate(
  databases: Databases,
  teardown: Teardown,
  given: { targets: string[]; events: string[] },
  prepare: (url: string) => Promise<void> = async () => undefined,
): Promise<Template> {
  const database = await databases.create()
  const gateway = await startGateway({ DATABASE_URL: database, HOOKGATE_ROLES: 'api' }, teardown)
  const events = given.events.map((type) => ({ type }))
  const endpoints: StoredEndpoint[] = []
  // One after the other: their ids follow their order.
  for (const target of given.targets) {
    endpoints.push(await rest<StoredEndpoint>(gateway.url, 'POST', 'endpoint/', { target, events }))
  }
  await prepare(gateway.url)
  await gateway.stop()
  return { database, endpoints }
}
