import { readConfig } from '../../src/config'
import { openDatabase } from '../../src/database/database'
import { type Environment, serveCommands } from './commands'
import { warningLog } from './warning-log'

export type PublishManyCommands = ReturnType<typeof publishManyCommands>

function publishManyCommands(env: Environment) {
  return {
    /** Publishes events by the SQL function that the API calls, in one statement, and returns their ids. */
    async publish(count: number, type: string) {
      const { prisma, close } = await openDatabase(readConfig(env), warningLog([]))
      const rows = await prisma.$queryRaw<{ id: number }[]>`
        SELECT (publish_event(${type}, json_build_object('nth', nth)::text, NULL, '')->>'eventId')::integer AS id
        FROM generate_series(1, ${count}::integer) AS nth`
      await close()
      return rows.map(({ id }) => id)
    },
  }
}

serveCommands(publishManyCommands)
