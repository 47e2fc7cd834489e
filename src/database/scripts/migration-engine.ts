import { readFileSync } from 'node:fs'
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import type { SchemaEngine } from '@prisma/schema-engine-wasm'

/** Node has WebAssembly, but declares its type only together with the browser's types. */
declare const WebAssembly: {
  instantiate(
    binary: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>
}

/** The schema engine compares every table: none is excluded. */
export const noFilters = { externalTables: [], externalEnums: [] }

/**
 * Starts Prisma's schema engine in its WebAssembly build, which npm ships. It compares schemas as `prisma migrate diff` does, without
 * the native binary that Prisma's command line downloads.
 *
 * @param schema the text of prisma/schema.prisma
 * @param adapterFactory the database to read; the engine connects to it
 */
export async function startMigrationEngine(
  schema: string,
  adapterFactory: SqlMigrationAwareDriverAdapterFactory,
): Promise<SchemaEngine> {
  const { bindMigrationAwareSqlAdapterFactory } = await import('@prisma/driver-adapter-utils')
  // The package's entry imports its .wasm file as a module, which Node 20 does not support.
  const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg')
  const binary = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg').replace(/\.js$/, '.wasm')
  const { instance } = await WebAssembly.instantiate(readFileSync(binary), {
    './schema_engine_bg.js': glue,
  })
  const { __wbg_set_wasm } = glue as unknown as { __wbg_set_wasm(wasm: object): void }
  __wbg_set_wasm(instance.exports)
  ;(instance.exports.__wbindgen_start as () => void)()
  return glue.SchemaEngine.new(
    { datamodels: [['schema.prisma', schema]] },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(adapterFactory),
  )
}
