import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { EndpointRows } from './endpoint-rows'
import { serving } from './serving'

/**
 * `bare`: Node's own HTTP server and a prepared statement. It has no router and checks neither the caller nor the input:
 * the upper bound of Node.js and PostgreSQL for `PATCH /endpoint/7` and `GET /endpoint/7`.
 */
const rows = new EndpointRows()

const server = createServer((request, response) => {
  const id = request.url?.split('/')[2] ?? ''
  if (request.method === 'GET') {
    rows.find(id).then(
      (row) => answer(response, row),
      (error) => fail(response, error),
    )
    return
  }
  read(request)
    .then((body) => rows.update(id, JSON.parse(body)))
    .then(
      (row) => answer(response, row),
      (error) => fail(response, error),
    )
})
server.listen(0, '127.0.0.1', () => serving(server))

function read(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => resolve(body))
    request.on('error', reject)
  })
}

function answer(response: ServerResponse, row: object | undefined): void {
  const body = Buffer.from(JSON.stringify(row ?? null))
  const head = { 'content-type': 'application/json', 'content-length': body.length }
  response.writeHead(row ? 200 : 404, head).end(body)
}

function fail(response: ServerResponse, error: unknown): void {
  console.error(error)
  response.writeHead(500).end()
}
