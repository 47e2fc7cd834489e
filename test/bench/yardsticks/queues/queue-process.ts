import { type Webhook, Webhooks } from './webhooks'

/** `fill` enqueues one job for each event and endpoint; `work` processes them. Each is answered when it is done. */
export type QueueTask =
  | {
      kind: 'fill'
      /** URL of the receiver */
      origin: string
      events: { id: string; body: string }[]
      /** signing secrets by endpoint */
      secrets: [endpointId: number, secret: string][]
    }
  | { kind: 'work'; warmUp: number; total: number }

/** Instants of recorded attempts: nanoseconds of this machine's monotonic clock. */
export interface QueueResult {
  /** after the warm-up */
  warmAt: string
  lastAt: string
}

/** A queue under measurement. */
export interface Queue {
  /** Creates what the queue needs in its stores. */
  open(): Promise<void>
  enqueue(webhooks: Webhook[]): Promise<void>
  /** Starts the processing; a job is done when `send` has resolved. */
  work(send: (webhook: Webhook) => Promise<void>): Promise<void>
  /** Stops the processing and closes the stores. */
  close(): Promise<void>
}

const ENQUEUED_AT_ONCE = 1_000

/** Serves the tasks of a run in this process, one `fill` and one `work`, and exits with the run. */
export function serveQueue(queue: Queue): void {
  let recorded = 0
  let onRecorded: () => void = () => undefined
  let webhooks: Webhooks | undefined

  const fill = async ({ origin, events, secrets }: QueueTask & { kind: 'fill' }) => {
    webhooks = new Webhooks(origin, secrets, () => {
      recorded += 1
      onRecorded()
    })
    await webhooks.createTable()
    await queue.open()
    const all = events.flatMap(({ id, body }) =>
      secrets.map(([endpointId]): Webhook => ({ eventId: id, endpointId, body })),
    )
    for (let index = 0; index < all.length; index += ENQUEUED_AT_ONCE) {
      await queue.enqueue(all.slice(index, index + ENQUEUED_AT_ONCE))
    }
  }
  const work = async ({ warmUp, total }: QueueTask & { kind: 'work' }): Promise<QueueResult> => {
    let warmAt = ''
    const lastAt = new Promise<string>((resolve) => {
      onRecorded = () => {
        if (recorded === warmUp) warmAt = String(process.hrtime.bigint())
        if (recorded === total) resolve(String(process.hrtime.bigint()))
      }
    })
    await queue.work(async (webhook) => webhooks?.send(webhook))
    const result = { warmAt, lastAt: await lastAt }
    await queue.close()
    await webhooks?.close()
    return { ...result, warmAt }
  }

  process.on('message', (task: QueueTask) => {
    const done = task.kind === 'fill' ? fill(task).then(() => 'filled') : work(task)
    done.then(
      (answer) => process.send?.(answer),
      (error) => {
        console.error(error)
        process.exit(1)
      },
    )
  })
  process.once('disconnect', () => process.exit(0))
  process.once('SIGTERM', () => process.exit(0))
  process.send?.(0)
}
