import { setTimeout as sleep } from 'node:timers/promises'
import autocannon, { type Request } from 'autocannon'
import type { Target } from './target'

const ANSWER_WITHIN_SECONDS = 10
/** Requests in flight at the end of the load finish in this time: before the next drive, and before the system stops. */
const SETTLE_MS = 150

export interface Load {
  /** ids of the endpoints to read or write */
  ids: number[]
  connections: number
  seconds: number
}

let drives = 0

/**
 * Drives a target for some seconds and returns its good answers per second. Each writing connection has rows of its
 * own, so that no write waits for another connection's row lock. Each write changes the stored value.
 *
 * @throws Error when any answer is not a 2xx with the expected beginning, or when the store counts fewer writes than
 *   answers
 */
export async function drive(target: Target, load: Load): Promise<number> {
  drives += 1
  const before = await target.store?.sumOfVersions()
  let connection = 0
  const result = await autocannon({
    url: target.url,
    connections: load.connections,
    duration: load.seconds,
    sampleInt: 100,
    timeout: ANSWER_WITHIN_SECONDS,
    setupClient(client) {
      client.setRequests(requestsOf(target, load, connection))
      connection += 1
    },
    verifyBody: (body) => body.startsWith(target.beginning) && !body.includes('"errors"'),
  })
  const answered = result['2xx']
  const about = `${target.operation} of ${target.system}`
  if (result.non2xx + result.errors + result.mismatches > 0 || answered === 0) {
    throw new Error(
      `${about}: ${answered} good answers, ${result.non2xx} with another status than 2xx, ` +
        `${result.errors} broken connections, ${result.mismatches} unexpected bodies`,
    )
  }
  await sleep(SETTLE_MS)
  if (target.store && before !== undefined) {
    const written = (await target.store.sumOfVersions()) - before
    // More writes are possible: requests in flight at the end of this drive do not count as answered.
    if (written < answered) throw new Error(`${about}: ${answered} answers, but only ${written} writes`)
  }
  return answered / result.duration
}

/** Each reading connection goes through all rows from another start; each writing one stays with its own rows. */
function requestsOf(target: Target, { ids, connections }: Load, connection: number): Request[] {
  if (!target.isWrite) {
    const start = Math.floor((connection * ids.length) / connections)
    return [...ids.slice(start), ...ids.slice(0, start)].map((id) => target.request(id, ''))
  }
  const own = ids.filter((_id, index) => index % connections === connection)
  // Two alternating descriptions that no earlier drive used, so that every write changes the row.
  return ['ping', 'pong'].flatMap((word) =>
    own.map((id) => target.request(id, `${word} of drive ${drives}, a note of the usual length`)),
  )
}
