import type { Client } from 'pg'
import type { Logger } from 'pino'
import { type Applied, bringUpToDate, logApplied, type MigrationTarget } from '../migrations/bring-up-to-date'
import { connectClient } from './connect-client'
import { destinationOf, operatorError } from './operator-errors'
import type { ProbedServer } from './probe'
import type { ServerClient } from './server-client'
import { WITHOUT_LIMITS } from './session-settings'

/**
 * Brings the database on a PostgreSQL server up to date, on a connection of its own.
 *
 * @param variable the environment variable that names the server, for messages
 * @param stopping aborted = give up at once; the server rolls back the transaction in progress
 * @throws Error with a message for the operator, or the signal's reason
 */
export async function bringServerUpToDate(
  { access, schema }: ProbedServer,
  { variable, log, stopping }: { variable: string; log: Logger; stopping?: AbortSignal },
): Promise<Applied> {
  const unlimited = { ...access, settings: { ...access.settings, ...WITHOUT_LIMITS } }
  let client: ServerClient | undefined
  // With a statement in progress, `end` breaks the connection.
  const stop = () => void client?.end().catch(() => undefined)
  stopping?.addEventListener('abort', stop)
  try {
    client = await connectClient(unlimited, 'hookgate migration')
    stopping?.throwIfAborted()
    const applied = await bringUpToDate(migrationTarget(client, schema), () =>
      log.info('another process is bringing the database up to date: waiting for its end'),
    )
    logApplied(applied, log)
    return applied
  } catch (error) {
    if (stopping?.aborted) throw stopping.reason
    throw operatorError(error, destinationOf(access.address), variable)
  } finally {
    stopping?.removeEventListener('abort', stop)
    await client?.end().catch(() => undefined)
  }
}

function migrationTarget(client: Client, schema: string): MigrationTarget {
  const run = (script: string) => client.query(script)
  return {
    schema,
    async transaction(act) {
      await run('BEGIN')
      try {
        const result = await act({
          run,
          query: async <Row>(text: string, values?: unknown[]) =>
            (await client.query(text, values)).rows as Row[],
        })
        await run('COMMIT')
        return result
      } catch (error) {
        // A connection that broke has nothing to roll back.
        await run('ROLLBACK').catch(() => undefined)
        throw error
      }
    },
  }
}
