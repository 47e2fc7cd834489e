import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Running, startGateway, startInDevelopment } from '../processes'
import { limit, type Measurement, measured } from '../report/measurement'
import type { Run } from '../run'
import { endpointTemplate } from './endpoints'

const EMBEDDED_MAX_MS = 1_500
const SERVER_MAX_MS = 1_000

/** From the start of the process until it has said that it listens and answered that it is ready. */
export async function startUp(run: Run): Promise<Measurement[]> {
  const { plan, say, teardown } = run
  say(`start-up: ${plan.starts} times each`)
  const folder = mkdtempSync(join(tmpdir(), 'hookgate-bench-'))
  teardown.add(() => rmSync(folder, { recursive: true, force: true }))
  const given = { targets: ['https://receiver.example.com/hooks'], events: ['post.created'] }
  const { database } = await endpointTemplate(run.databases, teardown, given)
  const onServer = () => startGateway({ DATABASE_URL: database }, teardown)
  const embedded = () => startInDevelopment({ HOOKGATE_DATA_DIR: folder }, teardown)
  // The first start builds the database; those that count find it.
  await (await embedded()).stop()

  const times = { embedded: [] as number[], onServer: [] as number[] }
  for (let start = 0; start < plan.starts; start += 1) {
    times.embedded.push(await timeOf(embedded))
    times.onServer.push(await timeOf(onServer))
  }
  const rows = [
    { under: 'embedded database', values: times.embedded, most: EMBEDDED_MAX_MS },
    { under: 'PostgreSQL', values: times.onServer, most: SERVER_MAX_MS },
  ]
  return rows.map(({ under, values, most }) => {
    const measurement = measured(['start-up', 'gateway', under], 'ms', values)
    limit(measurement, most)
    return measurement
  })
}

/** Milliseconds. */
async function timeOf(start: () => Promise<Running>): Promise<number> {
  const startedAt = performance.now()
  const running = await start()
  const response = await fetch(`${running.url}/readyz`)
  const took = performance.now() - startedAt
  await response.text()
  await running.stop()
  if (!response.ok) throw new Error(`A gateway that has just started answered ${response.status}`)
  return took
}
