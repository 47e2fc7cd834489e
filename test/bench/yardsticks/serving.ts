import type { AddressInfo, Server } from 'node:net'

/** What a yardstick is told by its environment. */
export const DATABASE_URL = process.env.DATABASE_URL ?? ''
export const JWT_SECRET = process.env.JWT_SECRET ?? ''

/** Connections to the database: as many as the gateway has. */
export const CONNECTIONS = 10

/** Tells the port to the run that started this process, and ends with it. */
export function serving(server: Server): void {
  process.send?.((server.address() as AddressInfo).port)
  process.once('disconnect', () => process.exit(0))
  process.once('SIGTERM', () => process.exit(0))
}
