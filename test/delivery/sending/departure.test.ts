import { once } from 'node:events'
import type { Departure } from '../../../src/delivery/sending/sender'
import { until } from '../../support/until'
import { closedPort, httpReceiver, tcpReceiver, testSender } from './receivers'

/** A departure that notes what it is told, and answers what the test says. */
function noted(mayLeave: () => boolean | Promise<boolean> = () => true) {
  const notes: string[] = []
  const departure: Departure = {
    onWaiting: () => notes.push('waiting'),
    async mayLeave() {
      notes.push('asked')
      return mayLeave()
    },
    onLeaving: () => notes.push('leaving'),
  }
  return { notes, departure }
}

const send = (target: string, departure: Departure, sender = testSender()) =>
  sender.send({ target, body: '{}', headers: {}, verifyTls: true, departure })

describe('a departure', () => {
  it('is asked once the connection stands, and the request leaves then', async () => {
    const receiver = await httpReceiver((_, response) => response.end())
    const { notes, departure } = noted(async () => {
      await until(() => receiver.connections.length === 1)
      return true
    })
    expect(await send(receiver.url, departure)).toMatchObject({ error: null, sentAt: expect.any(Date) })
    expect(notes).toEqual(['waiting', 'asked', 'leaving'])
  })

  it('that is refused sends not one byte, and ends the connection', async () => {
    let bytes = 0
    const receiver = await tcpReceiver((socket) => socket.on('data', (chunk) => (bytes += chunk.length)))
    const { notes, departure } = noted(() => false)
    const outcome = await send(receiver.url, departure)
    expect(outcome).toMatchObject({ error: 'ABORTED', sentAt: null, status: null })
    await until(() => receiver.connections.length === 1)
    const [connection] = receiver.connections
    if (connection && !connection.closed) await once(connection.resume(), 'close')
    expect([bytes, notes]).toEqual([0, ['waiting', 'asked']])
  })

  it('needs no question on a connection that stands open', async () => {
    const receiver = await httpReceiver((_, response) => response.end())
    const sender = testSender()
    await sender.post(receiver.url)
    const { notes, departure } = noted()
    expect(await send(receiver.url, departure, sender)).toMatchObject({ error: null })
    expect(notes).toEqual(['leaving'])
    expect(receiver.connections).toHaveLength(1)
  })

  it('is asked after waiting for a turn, and passes its turn on when it is refused', async () => {
    const answers: (() => void)[] = []
    const receiver = await httpReceiver((_, response) => answers.push(() => response.end()))
    const sender = testSender({ connectionsPerOrigin: 1 })
    const first = sender.post(receiver.url)
    const { notes, departure } = noted(() => false)
    const refused = send(receiver.url, departure, sender)
    const last = sender.post(receiver.url)
    for (const sent of [first, last]) {
      await until(() => answers.length > 0)
      answers.shift()?.()
      expect(await sent).toMatchObject({ error: null })
    }
    expect(await refused).toMatchObject({ error: 'ABORTED', sentAt: null })
    expect(notes).toEqual(['waiting', 'asked'])
  })

  it('is not asked when there is no connection', async () => {
    const { notes, departure } = noted()
    const outcome = await send(`http://127.0.0.1:${await closedPort()}`, departure)
    expect(outcome).toMatchObject({ error: 'CONNECTION', sentAt: null })
    expect(notes).toEqual(['waiting'])
  })

  it('that is granted for a connection that the receiver has reset is a broken connection', async () => {
    const receiver = await tcpReceiver()
    const { departure } = noted(async () => {
      await until(() => receiver.connections.length === 1)
      receiver.connections[0]?.resetAndDestroy()
      await new Promise((resolve) => setTimeout(resolve, 50))
      return true
    })
    expect(await send(receiver.url, departure)).toMatchObject({ error: 'CONNECTION', status: null })
  })
})
