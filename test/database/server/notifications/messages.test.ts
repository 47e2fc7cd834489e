import {
  type Message,
  messageText,
  parseMessage,
} from '../../../../src/database/server/notifications/messages'

it.each<Message>([
  { kind: 'due', deliveries: 1, seed: 'a1b2', from: 'worker' },
  { kind: 'due', deliveries: 20_000, seed: '734', from: undefined },
  { kind: 'here', id: 'worker' },
  { kind: 'gone', id: 'worker' },
])('is read as it was written: %j', (message) => {
  expect(parseMessage(messageText(message))).toEqual(message)
})

it('of the SQL function notify_workers is read', () => {
  expect(parseMessage('due 1 734')).toEqual({ kind: 'due', deliveries: 1, seed: '734', from: undefined })
})

it.each(['', 'due', 'due 1', 'due 0 a', 'due x a', 'here', 'else 1 2'])('%j is for all workers', (text) => {
  expect(parseMessage(text)).toBeUndefined()
})
