import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis as RedisClient } from 'ioredis'
import type { Teardown } from '../../teardown'

/** The Redis server of BullMQ. */
export interface Redis {
  url: string
  /** of all keys of this run */
  prefix: string
}

const USUAL = 'redis://127.0.0.1:6379'
const START_WITHIN_MS = 5_000
const POLL_MS = 50
/** No persistence, which is faster than what BullMQ's manual recommends; and a limit far above what a run needs. */
const SETTINGS = '--bind 127.0.0.1 --save --appendonly no --maxmemory 1gb --maxmemory-policy noeviction'

/**
 * The server at REDIS_URL, or else the one at Redis's usual port on this machine, or else one that is started for this run. The
 * teardown removes the keys of the run, and stops a started server.
 *
 * @throws Error when there is none, and none can be started
 */
export async function findRedis(teardown: Teardown): Promise<Redis> {
  const prefix = `hookgate_bench_${process.pid}`
  const given = process.env.REDIS_URL
  const url = given ?? USUAL
  if (!(await answers(url))) {
    if (given !== undefined) throw new Error('Redis does not answer at REDIS_URL')
    return { url: await startRedis(teardown), prefix }
  }
  teardown.add(() => removeKeys(url, prefix))
  return { url, prefix }
}

async function startRedis(teardown: Teardown): Promise<string> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'hookgate-bench-redis-'))
  teardown.add(() => rmSync(folder, { recursive: true, force: true }))
  const settings = [...SETTINGS.split(' ').flatMap((word) => (word === '--save' ? [word, ''] : [word]))]
  const server = spawn('redis-server', ['--port', String(port), '--dir', folder, ...settings], {
    stdio: 'ignore',
  })
  teardown.add(() => void server.kill())
  const failed = new Promise<never>((_resolve, reject) => {
    server.once('error', (error) => {
      const advice = 'install redis-server, or set REDIS_URL to a Redis server'
      reject(new Error(`BullMQ needs Redis: ${advice} (${error.message})`))
    })
    server.once('exit', (status) => reject(new Error(`redis-server ended with ${status}`)))
  })
  // After a good start, the end of the server is no error.
  failed.catch(() => undefined)
  const url = `redis://127.0.0.1:${port}`
  await Promise.race([failed, untilItAnswers(url)])
  return url
}

async function untilItAnswers(url: string): Promise<void> {
  for (const until = performance.now() + START_WITHIN_MS; !(await answers(url)); ) {
    if (performance.now() > until) throw new Error('redis-server did not start in time')
    await sleep(POLL_MS)
  }
}

/** A port that nothing listened on a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const answers = (url: string): Promise<boolean> =>
  withClient(url, (client) => client.ping()).then(
    () => true,
    () => false,
  )

async function removeKeys(url: string, prefix: string): Promise<void> {
  await withClient(url, async (client) => {
    for await (const keys of client.scanStream({ match: `${prefix}:*`, count: 1_000 })) {
      if (keys.length > 0) await client.unlink(...keys)
    }
  })
}

async function withClient<Result>(
  url: string,
  act: (client: RedisClient) => Promise<Result>,
): Promise<Result> {
  const client = new RedisClient(url, { lazyConnect: true, retryStrategy: () => null })
  // A failed connection is the failure of `connect` as well.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await act(client)
  } finally {
    client.disconnect()
  }
}
