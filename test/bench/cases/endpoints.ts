import { rest } from '../api'
import type { Databases } from '../databases'
import { type Launch, startGateway } from '../processes'
import type { Teardown } from '../teardown'

/** An endpoint as the REST API prints it. */
export interface StoredEndpoint {
  id: number
  target: string
  events: { type: string }[]
}

export interface Template {
  /** URL of a database to copy; it has no connections */
  database: string
  endpoints: StoredEndpoint[]
}

/** The content of a template. */
export interface TemplateContent {
  /** one endpoint for each target */
  targets: string[]
  /** event types of every endpoint */
  events: string[]
  /** adds more through the API of the gateway at this URL */
  prepare?(url: string): Promise<void>
}

/** Creates a database with endpoints. A gateway does all of it: the migrations and the endpoints. */
export async function endpointTemplate(
  { databases, teardown }: { databases: Databases; teardown: Teardown },
  { targets, events, prepare }: TemplateContent,
  launch: Launch = {},
): Promise<Template> {
  const database = await databases.create()
  const gateway = await startGateway({ DATABASE_URL: database, HOOKGATE_ROLES: 'api' }, teardown, launch)
  const endpoints: StoredEndpoint[] = []
  // One after the other, so that the ids follow the order of the targets.
  for (const target of targets) {
    const json = { target, events: events.map((type) => ({ type })) }
    endpoints.push(await rest<StoredEndpoint>(gateway.url, { method: 'POST', path: 'endpoint/', json }))
  }
  await prepare?.(gateway.url)
  await gateway.stop()
  return { database, endpoints }
}
