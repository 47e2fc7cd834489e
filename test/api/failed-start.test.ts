import type { FailedStartCommands } from '../programs/failed-start'
import { createTestDatabase, JWT_SECRET } from '../support/gateway'
import { startProgram } from '../support/program'
import { until } from '../support/until'

it('A start that fails because its port is taken closes everything that it opened', async () => {
  const database = await createTestDatabase()
  const env = { HOOKGATE_JWT_SECRET: JWT_SECRET, ...database.env }
  const program = await startProgram<FailedStartCommands>('failed-start', env)
  const before = await program.run('openResources')
  // The server's end of a closed connection takes a moment.
  const untilClosed = () =>
    until(async () => (await program.run('openResources')).join() === before.join(), 10_000)
  expect(await program.run('startOnTakenPort')).toMatch(/EADDRINUSE/)
  await untilClosed()
  // The data folder is free again, and so are the connections to a server.
  expect(await program.run('startAndStop')).toMatch(/^http:/)
  await untilClosed()
  await program.end()
  await database.remove()
})
