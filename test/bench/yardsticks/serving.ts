import type { AddressInfo, Server } from 'node:net'

/** The settings of a yardstick, from its environment. */
export const DATABASE_URL = process.env.DATABASE_URL ?? ''
export const JWT_SECRET = process.env.JWT_SECRET ?? ''

/** Connections to the database: the same number as the gateway's. */
export const CONNECTIONS = 10

/** Sends the port to the run that started this process, and exits when the run ends. */
export function serving(server: Server): void {
  process.send?.((server.address() as AddressInfo).port)
  process.once('disconnect', () => process.exit(0))
  process.once('SIGTERM', () => process.exit(0))
}
