import type { FailedStartCommands } from '../programs/failed-start'
import { createEmbeddedDatabase, createTestDatabase, JWT_SECRET, type TestDatabase } from '../support/gateway'
import { type Program, startProgram } from '../support/program'
import { until } from '../support/until'

describe('A start that does not come to its end closes everything that it opened:', () => {
  let database: TestDatabase
  let program: Program<FailedStartCommands>
  let before: string[]

  const open = async (ownDatabase: TestDatabase) => {
    database = ownDatabase
    program = await startProgram<FailedStartCommands>('failed-start', {
      HOOKGATE_JWT_SECRET: JWT_SECRET,
      ...database.env,
    })
    before = await program.run('openResources')
  }
  // The server's end of a closed connection takes a moment.
  const untilClosed = () =>
    until(async () => (await program.run('openResources')).join() === before.join(), 10_000)

  afterEach(async () => {
    await program.end()
    await database.remove()
  })

  it('because its port is taken', async () => {
    await open(await createTestDatabase())
    expect(await program.run('startOnTakenPort')).toMatch(/EADDRINUSE/)
    await untilClosed()
    // The data folder is free again, and so are the connections to a server.
    expect(await program.run('startAndStop')).toMatch(/^http:/)
    await untilClosed()
  })

  it('because it cannot start to deliver', async () => {
    await open(await createEmbeddedDatabase())
    await program.run('breakDelivery')
    expect(await program.run('failingStart')).toMatch(/queue/)
    await untilClosed()
    // The data folder is free again.
    expect(await program.run('failingStart')).toMatch(/queue/)
  })

  it('because a signal ended it, whenever the signal comes', async () => {
    await open(await createTestDatabase())
    const endings = new Set<string>()
    for (let afterMs = 0; !endings.has('started') && afterMs < 60_000; afterMs = afterMs * 1.5 + 1) {
      endings.add(await program.run('abortedStart', afterMs))
      await untilClosed()
    }
    expect([...endings]).toEqual(['aborted', 'started'])
    expect(await program.run('startAndStop')).toMatch(/^http:/)
  })
})
