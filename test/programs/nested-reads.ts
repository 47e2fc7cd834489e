import { PGlite } from '@electric-sql/pglite'
import { graphql } from 'graphql'
import { Client } from 'pg'
import { buildGuardedSchema } from '../../src/schema/build'
import { createContext } from '../../src/schema/context'
import { type Environment, serveCommands } from './commands'
import { coreCommands, type OpenCore, openCore } from './core'

export type NestedReadsCommands = ReturnType<typeof nestedReadsCommands>

let statements = 0

/** Counts the statements of both kinds of databases. */
for (const { prototype } of [Client, PGlite] as unknown as { prototype: { query: Method } }[]) {
  const { query } = prototype
  prototype.query = function (...args) {
    statements += 1
    return query.apply(this, args)
  }
}

type Method = (this: unknown, ...args: unknown[]) => unknown

function nestedReadsCommands(opened: OpenCore) {
  const schema = buildGuardedSchema()
  return {
    ...coreCommands(opened),
    /** Runs a query as an admin, with the number of statements that it needed. */
    // biome-ignore lint/suspicious/noExplicitAny: data of many shapes
    async runQuery(source: string): Promise<{ data: any; statements: number }> {
      const caller = { identity: { subject: 'test', roles: ['admin' as const] } }
      const before = statements
      const { data, errors } = await graphql({
        schema,
        source,
        contextValue: createContext(opened.core, caller),
      })
      if (errors?.[0]) throw errors[0]
      return { data, statements: statements - before }
    },
  }
}

serveCommands(async (env: Environment) => nestedReadsCommands(await openCore(env)))
