import { endpointTemplate, type Template, type TemplateContent } from '../cases/endpoints'
import { query } from '../databases'
import { type Running, startGateway } from '../processes'
import type { Side } from './side'

/** Creates a database to copy, by a gateway of this side. */
export async function templateOf(side: Side, content: TemplateContent): Promise<Template> {
  const template = await endpointTemplate(side, content, { program: side.program })
  // Without statistics, the first measurements would wait for the server's own analysis.
  await query(template.database, 'VACUUM ANALYZE')
  return template
}

/**
 * Starts a gateway of this side on a fresh copy of the template, measures it, stops it and drops the copy. Every
 * measurement starts with the same data and a new process.
 */
export async function onFreshGateway(
  side: Side,
  { template, env }: { template: Template; env?: Record<string, string> },
  measure: (gateway: Running) => Promise<number>,
): Promise<number> {
  const database = await side.databases.create(template.database)
  const gateway = await startGateway({ DATABASE_URL: database, ...env }, side.teardown, {
    program: side.program,
  })
  const value = await measure(gateway)
  await gateway.stop()
  await side.databases.drop(database)
  return value
}
