import type { Prisma } from '../generated/prisma/client'
import type { Statement } from './query'

/**
 * What `query` takes, of a statement that is put together of parts.
 *
 * @param name unique for its text, which must be the same each time: whatever changes is a value
 */
export const statement = (name: string, sql: Prisma.Sql): [Statement, unknown[]] => [
  { name, text: sql.text },
  sql.values,
]
