import type { SchemaExecutor } from '../../schema/execute'

/** What the routes of the REST API need. */
export interface RestOptions {
  executor: SchemaExecutor
  /** where clients find the gateway, without a slash at its end; undefined = as each request names it */
  publicUrl?: string
}
