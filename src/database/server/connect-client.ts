import type { Routes } from './address/routes'
import { ConnectionFault } from './connection-fault'
import type { ServerAccess } from './server-access'
import { ServerClient } from './server-client'

/** Connects by the first route that works. @throws ConnectionFault */
export async function connectClient(access: ServerAccess, name?: string): Promise<ServerClient> {
  return byAnyRoute(access.routes, async () => {
    const client = new ServerClient(access, name)
    await client.connect()
    return client
  })
}

/**
 * Connects until a route works or none is left.
 *
 * @throws ConnectionFault that says of each route why it failed
 */
export async function byAnyRoute<Connected>(
  routes: Routes,
  attempt: () => Promise<Connected>,
): Promise<Connected> {
  const faults: ConnectionFault[] = []
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ConnectionFault)) throw error
      faults.push(error)
      if (error.options.mayTryNext && faults.length < routes.count) continue
      const words = [...new Set(faults.map(({ message }) => message))]
      // What a server has answered says more than that there is no other way to it.
      const { cause } = faults.find((fault) => isAnswer(fault.cause)) ?? error
      throw new ConnectionFault(words.join('; '), {
        cause,
        mayTryNext: false,
        isAway: faults.every(({ options }) => options.isAway),
      })
    }
  }
}

const isAnswer = (error: unknown) => (error as { severity?: string } | undefined)?.severity !== undefined
