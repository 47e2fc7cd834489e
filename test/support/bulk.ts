import type { PublishManyCommands } from '../programs/publish-many'
import type { TestDatabase } from './gateway'
import { startProgram } from './program'

/**
 * Publishes many events in one statement, by the SQL function that the API calls for each: seconds instead of minutes
 * for thousands. On an embedded database, no gateway may be running meanwhile.
 *
 * @returns their ids
 */
export async function publishInBulk(
  { env }: TestDatabase,
  count: number,
  type = 'post.created',
): Promise<number[]> {
  const program = await startProgram<PublishManyCommands>('publish-many', env)
  const ids = await program.run('publish', count, type)
  await program.end()
  return ids
}
