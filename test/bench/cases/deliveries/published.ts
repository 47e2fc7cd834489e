import { signedHeaders } from '../../../../src/delivery/sending/signature'
import { signingKeys } from '../../../../src/secrets/signing-keys'
import { inParallel, rest } from '../../api'
import { publishedEvents } from '../../database/tables'
import { query } from '../../databases'
import { startGateway } from '../../processes'
import type { Run } from '../../run'
import type { Sample } from '../../yardsticks/receiver'
import { endpointTemplate, type Template } from '../endpoints'
import { POST_CREATED, publishPosts, revealSecrets } from '../posts'
import type { Receiver } from '../receiver'

/** 20 lanes of 10 fill the 200 concurrent sends that a process has by default. */
export const ENDPOINTS = 20
export const LANE_CONCURRENCY = 10
/** Share of all deliveries before the measurement starts, so that V8 has compiled the code. */
export const WARM_UP = 0.2

/** A database with events that wait for a worker, and the content of their deliveries. */
export interface Published extends Template {
  /** signing secrets by endpoint */
  secrets: Map<number, string>
  /** in the order of publishing */
  events: { id: string; body: string }[]
}

/** Publishes the events through the API while no worker runs. The endpoints are switched off afterwards. */
export async function publish(run: Run, receiver: Receiver): Promise<Published> {
  let secrets = new Map<number, string>()
  const template = await endpointTemplate(run, {
    targets: Array.from({ length: ENDPOINTS }, (_, index) => `${receiver.url}/hook/${index + 1}`),
    events: [POST_CREATED],
    async prepare(url) {
      secrets = await revealSecrets(url, ENDPOINTS)
      await publishPosts(url, run.plan.events)
      // The endpoints stay off until the workers have started: the start is not part of the measurement.
      await switchAll(url, false)
    },
  })
  const events = await publishedEvents(template.database)
  await query(template.database, 'VACUUM ANALYZE')
  return { ...template, secrets, events }
}

/** Switches all endpoints on, by a gateway that runs only for that. */
export async function switchOn(run: Run, database: string): Promise<void> {
  const api = await startGateway({ DATABASE_URL: database, HOOKGATE_ROLES: 'api' }, run.teardown)
  await switchAll(api.url, true)
  await api.stop()
}

async function switchAll(url: string, isActive: boolean): Promise<void> {
  const ids = Array.from({ length: ENDPOINTS }, (_, index) => index + 1)
  await inParallel(ids, (id) =>
    rest(url, { method: 'PATCH', path: `endpoint/${id}/`, json: { is_active: isActive } }),
  )
}

/**
 * Compares the first webhook of a drive byte by byte: the body of an event, and the signature of its endpoint.
 *
 * @throws Error when it is wrong, or when there is none
 */
export function checkSample(sample: Sample | undefined, { secrets, events }: Published): void {
  const secret = secrets.get(Number(sample?.path.split('/').at(-1)))
  const eventId = String(sample?.headers['webhook-id']).replace('evt_', '')
  const event = events.find(({ id }) => id === eventId)
  const isGood =
    sample !== undefined &&
    secret !== undefined &&
    event?.body === sample.body &&
    sample.headers['webhook-signature'] ===
      sign(secret, event, Number(sample.headers['webhook-timestamp']))['webhook-signature']
  if (!isGood) throw new Error(`A webhook is wrong: ${JSON.stringify(sample)}`)
}

export const sign = (secret: string, event: { id: string; body: string }, timestampSeconds: number) =>
  signedHeaders({
    headerName: 'SelfCommunity-Signature',
    secrets: [signingKeys(secret)],
    eventId: event.id,
    timestampSeconds,
    body: event.body,
  })
