import { createServer } from 'node:net'
import { serving } from './serving'

/** `full-listener`: listens with the shortest backlog. The run stops it, so that it accepts no connection, and fills the backlog. */
const server = createServer()
server.listen({ port: 0, host: process.env.HOST, backlog: 1 }, () => serving(server))
