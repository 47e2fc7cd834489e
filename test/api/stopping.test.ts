import { type ChildProcess, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connectTo } from '../support/database-connections'
import { createTestDatabase, startTestGateway, type TestGateway } from '../support/gateway'
import { untilWaiting } from '../support/lock-waits'
import { serverOnly } from '../support/server-only'
import { until } from '../support/until'

/** A stop may take this long, by the contract. */
const STOP_WITHIN_MS = 10_000

/** Resolves when the process has ended, even if its output is still open. */
async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, 'exit')
  return code
}

/** Sends SIGTERM: the process ends by itself, with 0 and in time. */
async function expectStop(gateway: TestGateway): Promise<void> {
  const exited = exitOf(gateway.process)
  const startedAt = Date.now()
  gateway.process.kill('SIGTERM')
  expect(await exited).toBe(0)
  expect(Date.now() - startedAt).toBeLessThan(STOP_WITHIN_MS)
}

/** Makes the gateway log as many lines. */
async function log(gateway: TestGateway, lines: number): Promise<void> {
  for (let sent = 0; sent < lines; sent += 50) {
    await Promise.all(Array.from({ length: 50 }, () => fetch(`${gateway.url}/healthz`)))
  }
}

/** CPU time of a process so far, in clock ticks (fields 14 and 15 of proc(5) stat). */
function cpuTicks({ pid }: ChildProcess): number {
  const { stdout } = spawnSync('cat', [`/proc/${pid}/stat`], { encoding: 'utf8' })
  const fields = stdout.slice(stdout.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

describe('A gateway whose log', () => {
  it('nobody reads serves, and ends at SIGTERM', async () => {
    const gateway = await startTestGateway()
    gateway.process.stdout?.pause()
    // The pipe and what Node.js keeps are full after some 200 kB.
    await log(gateway, 3_000)
    expect((await gateway.rest('GET', 'endpoint/')).status).toBe(200)
    await expectStop(gateway)
    gateway.process.stdout?.destroy()
    await gateway.database.remove()
  })

  it('is read late tells everything', async () => {
    const gateway = await startTestGateway()
    gateway.process.stdout?.pause()
    await log(gateway, 2_000)
    gateway.process.stdout?.resume()
    await until(() => (gateway.output().match(/"path":"\/healthz"/g) ?? []).length === 2_000)
    await expectStop(gateway)
    await gateway.database.remove()
  })

  it('has no reader any more serves without spinning, and ends at SIGTERM', async () => {
    const gateway = await startTestGateway()
    gateway.process.stdout?.destroy()
    gateway.process.stderr?.destroy()
    await log(gateway, 500)
    expect((await gateway.rest('GET', 'endpoint/')).status).toBe(200)
    const before = cpuTicks(gateway.process)
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    // A loop would use 200.
    expect(cpuTicks(gateway.process) - before).toBeLessThan(60)
    await expectStop(gateway)
    await gateway.database.remove()
  })
})

it('50 bodies that are sent by half delay a stop by 10 s at most', async () => {
  const gateway = await startTestGateway()
  const { port } = new URL(gateway.url)
  const sockets = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const socket = connect(Number(port), '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      await write(
        socket,
        `POST /graphql HTTP/1.1\r\nhost: hookgate\r\nauthorization: Bearer ${gateway.adminToken}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"query": `,
      )
      return socket
    }),
  )
  // The gateway has read the heads: it answers a request that was sent after them.
  await fetch(`${gateway.url}/healthz`)
  await expectStop(gateway)
  for (const socket of sockets) socket.destroy()
  await gateway.database.remove()
})

describe('Requests that wait for a locked table while the gateway stops', () => {
  const startLocked = async () => {
    const database = await createTestDatabase()
    const gateway = await startTestGateway({}, database)
    const { id } = await gateway.createEndpoint()
    const holder = await connectTo(database)
    await holder.query('BEGIN; LOCK TABLE endpoints, events, event_types IN ACCESS EXCLUSIVE MODE')
    const requests = [
      gateway.rest('PATCH', `endpoint/${id}/`, { json: { description: 'late' } }),
      gateway.rest('POST', 'event/', { json: { type: 'post.created', data: {} } }),
      gateway.rest('GET', 'endpoint/'),
      gateway.gql('{ webhookEndpoints { nodes { id } } }'),
    ]
    const answers = Promise.allSettled(requests)
    await untilWaiting(holder, 2)
    return { gateway, holder, answers }
  }

  serverOnly('delay the stop by 10 s at most', async () => {
    const { gateway, holder, answers } = await startLocked()
    await expectStop(gateway)
    await answers
    await holder.end()
    await gateway.database.remove()
  })

  serverOnly('leave no error of a closed database in the log', async () => {
    const { gateway, holder, answers } = await startLocked()
    const exited = exitOf(gateway.process)
    gateway.process.kill('SIGTERM')
    await until(() =>
      fetch(gateway.url).then(
        () => false,
        () => true,
      ),
    )
    await holder.end()
    expect(await exited).toBe(0)
    await answers
    expect(gateway.output()).not.toMatch(/after calling end|"level":50/)
    await gateway.database.remove()
  })
})

function write(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(text, (error) => (error ? reject(error) : resolve()))
  })
}
