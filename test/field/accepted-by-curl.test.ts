import { execFile } from 'node:child_process'
import { type AddressInfo, createServer } from 'node:net'
import { createSender } from '../../src/delivery/sending/sender'
import { ODD_ANSWERS } from '../delivery/sending/answers/odd-answers'

/**
 * Faults of a body, and of a length in a head whose status is known. curl takes the status and then fails; the status is what
 * a webhook is about.
 */
const STATUS_THEN_FAULT = new Set([8, 18, 56, 61])

const sender = createSender({ isAddressAllowed: () => true, timeoutMs: 10_000, userAgent: 'Hookgate/test' })
afterAll(() => sender.close())

/** Gives one answer to every request, and then closes the connection. */
async function answerWith<T>(bytes: string, act: (url: string) => Promise<T>): Promise<T> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(bytes, 'latin1'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await act(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

/** The status that curl takes from an answer; null = it takes none. */
function curlStatus(url: string): Promise<number | null> {
  const args = ['-sS', '--max-time', '10', '-o', '/dev/null', '-w', '%{http_code}', '-d', '{}', url]
  return new Promise((resolve, reject) => {
    execFile('curl', args, (error, output) => {
      const exit = error === null ? 0 : error.code
      if (typeof exit !== 'number') return reject(error)
      resolve(exit === 0 || STATUS_THEN_FAULT.has(exit) ? Number(output) : null)
    })
  })
}

let accepted = 0
it.each(Object.entries(ODD_ANSWERS))('what curl takes is taken: %s', async (_, { bytes }) => {
  const expected = await answerWith(bytes, curlStatus)
  const { status } = await answerWith(bytes, (target) =>
    sender.send({ target, body: '{}', headers: {}, verifyTls: true }),
  )
  if (expected === null || expected === 0) return
  expect(status).toBe(expected)
  accepted += 1
})

it('most of them are accepted by curl', () => {
  expect(accepted).toBeGreaterThan(55)
})
