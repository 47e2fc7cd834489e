import { Client } from 'pg'
import type { Logger } from 'pino'
import { bringUpToDate, logApplied, type MigrationTarget } from '../migrations/bring-up-to-date'
import { connectionOptions } from './connections'
import { operatorError } from './operator-errors'

/**
 * Brings the database on a PostgreSQL server up to date, on a connection of its own.
 *
 * @param stopping aborted = give up at once; the server rolls back the transaction in progress
 * @throws Error with a message for the operator, or the signal's reason
 */
export async function bringServerUpToDate(
  connectionString: string,
  log: Logger,
  stopping?: AbortSignal,
): Promise<void> {
  const client = new Client(connectionOptions(connectionString))
  // A connection may break between two statements. The next statement reports it.
  client.on('error', () => undefined)
  // With a statement in progress, `end` breaks the connection.
  const stop = () => void client.end().catch(() => undefined)
  stopping?.addEventListener('abort', stop)
  try {
    await client.connect()
    stopping?.throwIfAborted()
    const applied = await bringUpToDate(migrationTarget(client, schemaOf(connectionString)), () =>
      log.info('another process is bringing the database up to date: waiting for its end'),
    )
    logApplied(applied, log)
  } catch (error) {
    if (stopping?.aborted) throw stopping.reason
    throw operatorError(error, client)
  } finally {
    stopping?.removeEventListener('abort', stop)
    await client.end().catch(() => undefined)
  }
}

function migrationTarget(client: Client, schema: string | undefined): MigrationTarget {
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

const schemaOf = (connectionString: string) =>
  new URL(connectionString).searchParams.get('schema') ?? undefined
