import {
  type Message,
  messageText,
  parseMessage,
} from '../../../../src/database/server/notifications/messages'

it.each<Message>([
  { kind: 'deliveries', count: 1, seed: 'a1b2', from: 'worker' },
  { kind: 'fan-out', count: 20_000, seed: '734', from: undefined },
  { kind: 'here', id: 'worker' },
  { kind: 'gone', id: 'worker' },
])('is read as it was written: %j', (message) => {
  expect(parseMessage(messageText(message))).toEqual(message)
})

it('of the SQL function notify_workers is read', () => {
  expect(parseMessage('deliveries 1 734')).toEqual({
    kind: 'deliveries',
    count: 1,
    seed: '734',
    from: undefined,
  })
})

it.each(['', 'deliveries', 'fan-out 1', 'deliveries 0 a', 'fan-out x a', 'here', 'else 1 2'])(
  '%j is for all workers',
  (text) => {
    expect(parseMessage(text)).toBeUndefined()
  },
)
