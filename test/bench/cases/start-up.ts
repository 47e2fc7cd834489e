import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Running, startGateway, startInDevelopment } from '../processes'
import { limit, type Measurement, measured } from '../report/measurement'
import type { Run } from '../run'
import type { Teardown } from '../teardown'
import { endpointTemplate, type TemplateContent } from './endpoints'

const EMBEDDED_MAX_MS = 1_500
const SERVER_MAX_MS = 1_000

/** The database of a started gateway. */
export const ONE_ENDPOINT: TemplateContent = {
  targets: ['https://receiver.example.com/hooks'],
  events: ['post.created'],
}

/** From the start of the process until its ready check succeeds. */
export async function startUp(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  progress(`start-up: ${plan.starts} times each`)
  const folder = dataFolder(teardown)
  const { database } = await endpointTemplate(run, ONE_ENDPOINT)
  const onServer = () => startGateway({ DATABASE_URL: database }, teardown)
  const embedded = () => startInDevelopment({ HOOKGATE_DATA_DIR: folder }, teardown)
  // The first start creates the database and does not count.
  await (await embedded()).stop()

  const times = { embedded: [] as number[], onServer: [] as number[] }
  for (let start = 0; start < plan.starts; start += 1) {
    times.embedded.push(await timeOfStart(embedded))
    times.onServer.push(await timeOfStart(onServer))
  }
  const rows = [
    { load: 'embedded database', rounds: times.embedded, most: EMBEDDED_MAX_MS },
    { load: 'PostgreSQL', rounds: times.onServer, most: SERVER_MAX_MS },
  ]
  return rows.map(({ load, rounds, most }) => {
    const measurement = measured(['start-up', 'gateway', load], { unit: 'ms', rounds })
    limit(measurement, { most })
    return measurement
  })
}

/** Creates a temporary folder for an embedded database. */
export function dataFolder(teardown: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'hookgate-bench-'))
  teardown.add(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * Starts a gateway, waits for its ready check and stops the gateway. Returns milliseconds from the start of the process.
 *
 * @throws Error when the gateway is not ready
 */
export async function timeOfStart(start: () => Promise<Running>): Promise<number> {
  const startedAt = performance.now()
  const running = await start()
  const response = await fetch(`${running.url}/readyz`)
  const took = performance.now() - startedAt
  await response.text()
  await running.stop()
  if (!response.ok) throw new Error(`A started gateway answered ${response.status} to its ready check`)
  return took
}
