import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { rest } from '../api'
import { ENDPOINTS } from '../cases/deliveries/published'
import { latenciesOf } from '../cases/idle-latency'
import { POST_CREATED, publishPosts, revealSecrets } from '../cases/posts'
import { elapsedMs, type Receiver, startReceiver } from '../cases/receiver'
import { median } from '../statistics'
import type { Sample } from '../yardsticks/receiver'
import { onFreshGateway, templateOf } from './gateway'
import type { PairedCase } from './side'

const EVENTS = 1_500
const EXPECTED = EVENTS * ENDPOINTS
/** Share of the deliveries before the measurement: they let V8 compile the code. */
const WARM_UP = 0.25
const DELIVERED_WITHIN_MS = 120_000
const RECORDED_WITHIN_MS = 10_000
const RECORD_POLL_MS = 100
const PUBLISHES = 60

/**
 * Deliveries per second from a backlog that exists when the gateway starts, by the receiver's clock. Every delivery must
 * arrive once, with a valid signature, and be recorded as an attempt.
 */
export const deliveryRate: PairedCase = {
  unit: '/s',
  async prepare(side) {
    const receiver = await startReceiver(side.teardown)
    let secrets = new Map<number, string>()
    const template = await templateOf(side, {
      targets: Array.from({ length: ENDPOINTS }, (_, index) => `${receiver.url}/hook/${index + 1}`),
      events: [POST_CREATED],
      async prepare(url) {
        secrets = await revealSecrets(url, ENDPOINTS)
        await publishPosts(url, EVENTS)
      },
    })
    return async () => {
      await receiver.receipts()
      return onFreshGateway(side, { template }, async ({ url }) => {
        await receiver.waitFor(EXPECTED * WARM_UP, DELIVERED_WITHIN_MS)
        const warmUp = await receiver.receipts()
        await receiver.waitFor(EXPECTED - warmUp.count, DELIVERED_WITHIN_MS)
        await waitForRecords(url)
        const receipts = await receiver.receipts()
        if (warmUp.count + receipts.count !== EXPECTED) {
          throw new Error(`${side.name}: ${warmUp.count + receipts.count} sends of ${EXPECTED} deliveries`)
        }
        verifySample(receipts.sample, secrets)
        return (receipts.count / elapsedMs(receipts.firstAt, receipts.lastAt)) * 1_000
      })
    }
  },
}

/** @throws Error when not every delivery has exactly one recorded attempt soon */
async function waitForRecords(url: string): Promise<void> {
  const until = performance.now() + RECORDED_WITHIN_MS
  for (let recorded = await countAttempts(url); recorded !== EXPECTED; recorded = await countAttempts(url)) {
    if (performance.now() > until) throw new Error(`${recorded} attempts of ${EXPECTED} deliveries`)
    await sleep(RECORD_POLL_MS)
  }
}

async function countAttempts(url: string): Promise<number> {
  let total = 0
  for (let id = 1; id <= ENDPOINTS; id += 1) {
    const path = `endpoint/${id}/attempt/?limit=1`
    total += (await rest<{ count: number }>(url, { method: 'GET', path })).count
  }
  return total
}

/** @throws Error when the signature is not that of the endpoint, or there is no request */
function verifySample(sample: Sample | undefined, secrets: Map<number, string>): void {
  const secret = secrets.get(Number(sample?.path.split('/').at(-1))) ?? ''
  new Webhook(secret).verify(sample?.body ?? '', sample?.headers as Record<string, string>)
}

/** The median of the milliseconds from a publishing request until the arrival, one event at a time. */
export const publishToReceive: PairedCase = {
  unit: 'ms',
  async prepare(side) {
    const receiver: Receiver = await startReceiver(side.teardown)
    const template = await templateOf(side, { targets: [`${receiver.url}/hook`], events: [POST_CREATED] })
    return () =>
      onFreshGateway(side, { template }, async ({ url }) =>
        median(await latenciesOf(url, receiver, PUBLISHES)),
      )
  },
}
