import { defineConfig } from 'prisma/config'

// `prisma generate` and `prisma validate` do not need the schema engine, but Prisma downloads it before every command.
// The path of an existing file prevents the download, so both commands work without a network. Other commands are
// unchanged.
if (process.argv.some((argument) => argument === 'generate' || argument === 'validate')) {
  process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath
}

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? '' },
})
