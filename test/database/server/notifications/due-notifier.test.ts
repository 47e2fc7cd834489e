import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import type { Query, Statement } from '../../../../src/database/query'
import { DueNotifier } from '../../../../src/database/server/notifications/due-notifier'
import { type DueMessage, parseMessage } from '../../../../src/database/server/notifications/messages'
import { until } from '../../../support/until'

/** A notifier on a database that keeps the messages. */
function notifier(answer: () => Promise<void> = async () => undefined) {
  const sent: DueMessage[] = []
  const query = async ({ values }: Statement) => {
    sent.push(parseMessage(String(values[0])) as DueMessage)
    await answer()
    return []
  }
  const notifier = new DueNotifier(query as Query, () => 'own', pino({ level: 'silent' }))
  return { sent, notifier }
}

it('notifies at once, and once for all publishes that follow shortly', async () => {
  const { sent, notifier: due } = notifier()
  due.add('deliveries', 3)
  expect(sent).toMatchObject([{ count: 3, from: 'own' }])
  due.add('deliveries', 20)
  due.add('deliveries', 1)
  expect(sent).toHaveLength(1)
  await until(() => sent.length > 1)
  expect(sent).toMatchObject([{ count: 3 }, { count: 21, from: 'own' }])
})

it('does not mix deliveries with events that must be fanned out', async () => {
  const { sent, notifier: due } = notifier()
  due.add('deliveries', 3)
  due.add('deliveries', 2)
  due.add('fan-out', 1)
  await until(() => sent.length === 3)
  expect(sent).toMatchObject([
    { kind: 'deliveries', count: 3 },
    { kind: 'deliveries', count: 2 },
    { kind: 'fan-out', count: 1 },
  ])
})

it('names another order of workers each time', async () => {
  const { sent, notifier: due } = notifier()
  for (let nth = 1; nth <= 5; nth += 1) {
    due.add('deliveries', 1)
    await until(() => sent.length === nth)
  }
  expect(new Set(sent.map(({ seed }) => seed)).size).toBe(5)
})

it('continues after a notification that failed', async () => {
  const { sent, notifier: due } = notifier(() => Promise.reject(new Error('the database does not answer')))
  due.add('deliveries', 1)
  due.add('deliveries', 1)
  await until(() => sent.length === 2)
  expect(sent).toHaveLength(2)
})

it('notifies no more once it is closed', async () => {
  const { sent, notifier: due } = notifier()
  due.add('deliveries', 1)
  due.add('deliveries', 1)
  due.close()
  due.add('deliveries', 1)
  await sleep(50)
  expect(sent).toHaveLength(1)
})
