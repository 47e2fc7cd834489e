import { createServer } from 'node:net'
import { readConfig } from '../../src/config/read-config'
import { openDatabase } from '../../src/database/open-database'
import { startGateway } from '../../src/gateway'
import { type Environment, serveCommands } from './commands'
import { warningLog } from './warning-log'

export type FailedStartCommands = ReturnType<typeof commands>

/** Starts gateways in this process, so that what a failed start leaves open can be seen. */
const commands = () => ({
  /** @returns the error of a start on a port that is taken */
  async startOnTakenPort() {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    const error = await start(port).then(
      () => 'no error',
      (error: Error) => error.message,
    )
    await new Promise((resolve) => server.close(resolve))
    return error
  },
  /** Takes a table away, so that the delivering part cannot start. */
  async breakDelivery() {
    const database = await openDatabase(readConfig(settings), warningLog([]))
    await database.prisma.$executeRaw`ALTER TABLE queue RENAME TO queue_away`
    await database.close()
  },
  /** @returns the error of a start on a free port */
  failingStart: () =>
    start('0').then(
      () => 'no error',
      (error: Error) => error.message,
    ),
  /**
   * Aborts a start after this time.
   *
   * @returns how the start ended; a gateway that has started is stopped
   */
  async abortedStart(afterMs: number) {
    const stopping = new AbortController()
    const reason = new Error('aborted by the test')
    const timer = setTimeout(() => stopping.abort(reason), afterMs)
    try {
      const gateway = await start('0', stopping.signal)
      await gateway.stop()
      return 'started'
    } catch (error) {
      return error === reason ? 'aborted' : String(error)
    } finally {
      clearTimeout(timer)
    }
  },
  /** Starts a gateway on a free port, and stops it. */
  async startAndStop() {
    const gateway = await start('0')
    await gateway.stop()
    return gateway.url
  },
  /** What keeps this process alive, less its own standard input and output. */
  openResources: () =>
    process.getActiveResourcesInfo().filter((name) => !['PipeWrap', 'TTYWrap', 'Immediate'].includes(name)),
})

function start(port: string, stopping?: AbortSignal) {
  const warnings: string[] = []
  return startGateway(readConfig({ ...settings, PORT: port }), warningLog(warnings), stopping)
}

let settings: Environment = {}

serveCommands((env: Environment) => {
  settings = env
  return commands()
})
