import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificateFor } from '../support/certificate'
import { atEnd } from '../support/leftovers'
import { until } from '../support/until'
import type { WireAnswer } from '../support/wire'

/** The name under which clients find the proxy. */
export const HOST = 'hooks.example.com'

/** nginx in front of a gateway, with TLS and compression. */
export interface Nginx {
  /** `https://hooks.example.com:<port>` */
  origin: string
  /** Sends a request to it and reads the whole answer; the text of a compressed answer is empty. */
  send(method: string, url: string, headers?: Record<string, string>, body?: string): Promise<WireAnswer>
}

/** Starts Debian's nginx with these lines in its `server`. It ends when the test file ends. */
export async function startNginx(port: number, locations: string, before = ''): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'hookgate-nginx-'))
  const { key, cert } = certificateFor(HOST)
  writeFileSync(join(folder, 'key.pem'), key)
  writeFileSync(join(folder, 'cert.pem'), cert)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off;
    pid ${folder}/pid;
    error_log stderr warn;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    worker_processes 1;
    events {}
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
      gzip on;
      gzip_types *;
      gzip_min_length 1;
      gzip_proxied any;
      ${before}
      server {
        listen 127.0.0.1:${port} ssl;
        server_name ${HOST};
        ssl_certificate ${folder}/cert.pem;
        ssl_certificate_key ${folder}/key.pem;
        ${locations}
      }
    }`,
  )
  const child = spawn('/usr/sbin/nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = new Promise((resolve) => child.once('close', resolve))
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  atEnd(async () => {
    // Its workers end with it.
    child.kill('SIGTERM')
    await exited
    rmSync(folder, { recursive: true, force: true })
  })
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${errors}`)
    return isListening(port)
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: cert, servername: HOST })
  atEnd(() => agent.destroy())
  return { origin: `https://${HOST}:${port}`, send: senderTo(port, agent) }
}

const senderTo =
  (port: number, agent: Agent): Nginx['send'] =>
  (method, url, headers = {}, body) =>
    new Promise((resolve, reject) => {
      const { pathname, search } = new URL(url)
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      const request = httpsRequest({
        agent,
        host: '127.0.0.1',
        port,
        method,
        path: pathname + search,
        headers: { host: `${HOST}:${port}`, ...headers, ...length },
      })
      request.once('error', reject)
      request.once('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () => {
          const isPlain = response.headers['content-encoding'] === undefined
          const text = isPlain ? Buffer.concat(chunks).toString('utf8') : ''
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
        })
      })
      request.end(body)
    })

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
  socket.destroy()
  return isOpen
}

/** The block for nginx in docs/operating.md that starts with this location, for a gateway on another port. */
export function documentedBlock(location: string, upstream: string): string {
  const text = readFileSync(join(__dirname, '../../docs/operating.md'), 'utf8')
  const blocks = [...text.matchAll(/```nginx\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  const block = blocks.find((each) => each.startsWith(`location ${location} {`))
  if (!block) throw new Error(`docs/operating.md has no block for ${location}`)
  return block.replaceAll('127.0.0.1:4000', upstream)
}
