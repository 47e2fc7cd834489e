import { Pool } from 'undici'

/** One signed webhook. */
export interface Signed {
  path: string
  headers: Record<string, string>
  body: string
}

/** The webhooks to send, by lane. `laneConcurrency` is the number of concurrent sends in a lane. */
export interface LoopTask {
  origin: string
  lanes: Signed[][]
  laneConcurrency: number
}

export interface LoopResult {
  /** answers with status 200 */
  answered: number
  seconds: number
}

/**
 * `undici-loop`: sends the same bodies to the same receiver with the same concurrency as the gateway. The bodies are
 * signed beforehand; it claims nothing, records nothing and checks no address: the upper bound of one Node.js process.
 */
process.on('message', async ({ origin, lanes, laneConcurrency }: LoopTask) => {
  const pool = new Pool(origin, { connections: lanes.length * laneConcurrency })
  let answered = 0
  const send = async ({ path, headers, body }: Signed) => {
    const response = await pool.request({ method: 'POST', path, headers, body })
    await response.body.text()
    if (response.statusCode === 200) answered += 1
  }
  const work = async (lane: Iterator<Signed>) => {
    for (let next = lane.next(); !next.done; next = lane.next()) await send(next.value)
  }
  const startedAt = performance.now()
  await Promise.all(
    lanes.flatMap((lane) => {
      const queue = lane.values()
      return Array.from({ length: laneConcurrency }, () => work(queue))
    }),
  )
  const result: LoopResult = { answered, seconds: (performance.now() - startedAt) / 1000 }
  await pool.close()
  process.send?.(result)
})
process.once('disconnect', () => process.exit(0))
process.send?.(0)
