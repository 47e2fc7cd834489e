import { rmSync } from 'node:fs'
import { onServer, readTemplate } from './template'

export default async function removeTemplate(): Promise<void> {
  const { folder, database } = readTemplate()
  if (!folder) return
  delete process.env.HOOKGATE_TEST_TEMPLATE
  rmSync(folder, { recursive: true, force: true })
  const server = process.env.TEST_DATABASE_URL
  if (server && database) await onServer(server, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
}
