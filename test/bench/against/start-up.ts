import { dataFolder, ONE_ENDPOINT, timeOfStart } from '../cases/start-up'
import { type Running, startGateway, startInDevelopment } from '../processes'
import { median } from '../statistics'
import { templateOf } from './gateway'
import type { PairedCase } from './side'

/** Starts for one value, which is their median. */
const STARTS = 3

/** Milliseconds until the gateway is ready on an existing embedded database. */
export const embeddedStart: PairedCase = {
  unit: 'ms',
  async prepare({ teardown, program }) {
    const env = { HOOKGATE_DATA_DIR: dataFolder(teardown) }
    const start = () => startInDevelopment(env, teardown, { program })
    // The first start creates the database.
    await (await start()).stop()
    return () => medianOfStarts(start)
  },
}

/** Milliseconds until the gateway is ready on an existing database of PostgreSQL. */
export const postgresqlStart: PairedCase = {
  unit: 'ms',
  async prepare(side) {
    const { database } = await templateOf(side, ONE_ENDPOINT)
    return () =>
      medianOfStarts(() => startGateway({ DATABASE_URL: database }, side.teardown, { program: side.program }))
  },
}

async function medianOfStarts(start: () => Promise<Running>): Promise<number> {
  const times: number[] = []
  for (let count = 0; count < STARTS; count += 1) times.push(await timeOfStart(start))
  return median(times)
}
