import autocannon, { type Request } from 'autocannon'
import { query } from '../databases'
import type { Target } from './target'

const ANSWER_WITHIN_SECONDS = 10
/** What was under way when the load ended is done with by then, and does not disturb what comes next. */
const SETTLE_MS = 150

let drives = 0

/**
 * Drives a target for some seconds and answers its good answers per second. Each connection has rows of its own when
 * they write, so that none waits for another's row; each write changes what is stored.
 *
 * @throws Error when any answer is not a 200 with an endpoint in it, or when the database has seen fewer writes than
 *   were answered
 */
export async function drive(
  target: Target,
  ids: number[],
  connections: number,
  seconds: number,
): Promise<number> {
  drives += 1
  const versions = target.isWrite ? await sumOfVersions(target) : undefined
  let connection = 0
  const result = await autocannon({
    url: target.url,
    connections,
    duration: seconds,
    sampleInt: 100,
    timeout: ANSWER_WITHIN_SECONDS,
    setupClient(client) {
      client.setRequests(requestsOf(target, ids, connection, connections))
      connection += 1
    },
    verifyBody: (body) => body.startsWith(target.beginning) && !body.includes('"errors"'),
  })
  const answered = result['2xx']
  if (result.non2xx + result.errors + result.mismatches > 0 || answered === 0) {
    throw new Error(
      `${target.what} of ${target.by}: ${answered} good answers, ${result.non2xx} with another status than 2xx, ` +
        `${result.errors} broken connections, ${result.mismatches} bodies that are not as expected`,
    )
  }
  if (versions !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    const written = ((await sumOfVersions(target)) ?? 0) - versions
    // More may be: what was under way at the end of this drive, and of the one before, is not counted as answered.
    if (written < answered) {
      throw new Error(
        `${target.what} of ${target.by}: ${answered} answers, but the rows were written ${written} times`,
      )
    }
  }
  return answered / result.duration
}

/** Reads go through all rows, each connection starting at another; writes stay with the connection's own rows. */
function requestsOf(target: Target, ids: number[], connection: number, connections: number): Request[] {
  if (!target.isWrite) {
    const start = Math.floor((connection * ids.length) / connections)
    return [...ids.slice(start), ...ids.slice(0, start)].map((id) => target.request(id, ''))
  }
  const own = ids.filter((_id, index) => index % connections === connection)
  // Two descriptions in turn, which no drive before has used: every write finds something else stored.
  return ['ping', 'pong'].flatMap((word) =>
    own.map((id) => target.request(id, `${word} of drive ${drives}, a note of the usual length`)),
  )
}

async function sumOfVersions({ database }: Target): Promise<number | undefined> {
  if (database === undefined) return undefined
  const [row] = await query<{ sum: string }>(database, 'SELECT sum(version) AS sum FROM endpoints')
  return Number(row?.sum)
}
