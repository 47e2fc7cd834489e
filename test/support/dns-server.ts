import { createSocket } from 'node:dgram'
import { isIPv4 } from 'node:net'

/** What a name server says about one name: addresses, a failure, or nothing at all. */
export type DnsAnswer = string[] | 'unknown' | 'failure' | 'silent'

export interface DnsServer {
  /** `127.0.0.1:<port>` */
  address: string
  /** the names of all queries for addresses, in lower case, in order; one for each family */
  queries: string[]
  /** What is said about a name; may change at any time. Default: `unknown`. */
  answer: (name: string) => DnsAnswer
  ttlSeconds: number
  close(): Promise<void>
}

const TYPE_A = 1
const TYPE_AAAA = 28
const CODES = { unknown: 3, failure: 2 }

/** A name server on loopback, by UDP (RFC 1035). The caller closes it. */
export async function startDnsServer(answer: DnsServer['answer']): Promise<DnsServer> {
  const socket = createSocket('udp4')
  const server: DnsServer = {
    address: '',
    queries: [],
    answer,
    ttlSeconds: 0,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  }
  socket.on('message', (message, { port, address }) => {
    const { name, type, end } = questionOf(message)
    if (type === TYPE_A || type === TYPE_AAAA) server.queries.push(name)
    const said = server.answer(name)
    if (said === 'silent') return
    const addresses = Array.isArray(said) ? said.filter((each) => isIPv4(each) === (type === TYPE_A)) : []
    const records = type === TYPE_A || type === TYPE_AAAA ? addresses : []
    const code = typeof said === 'string' ? CODES[said] : 0
    const head = Buffer.alloc(12)
    message.copy(head, 0, 0, 2)
    head.writeUInt16BE(0x8180 | code, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(records.length, 6)
    const answers = records.map((each) => recordOf(type, server.ttlSeconds, each))
    socket.send(Buffer.concat([head, message.subarray(12, end), ...answers]), port, address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  server.address = `127.0.0.1:${socket.address().port}`
  return server
}

function questionOf(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length).toLowerCase())
    at += 1 + length
  }
  return { name: labels.join('.'), type: message.readUInt16BE(at + 1), end: at + 5 }
}

function recordOf(type: number, ttlSeconds: number, address: string): Buffer {
  const data = type === TYPE_A ? Buffer.from(address.split('.').map(Number)) : bytesOfIPv6(address)
  const record = Buffer.alloc(12)
  // A pointer to the name in the question.
  record.writeUInt16BE(0xc00c, 0)
  record.writeUInt16BE(type, 2)
  record.writeUInt16BE(1, 4)
  record.writeUInt32BE(ttlSeconds, 6)
  record.writeUInt16BE(data.length, 10)
  return Buffer.concat([record, data])
}

function bytesOfIPv6(address: string): Buffer {
  const [left = '', right = ''] = address.split('::')
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const [first, last] = [groups(left), groups(right)]
  const all = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last]
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}
