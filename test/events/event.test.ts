import { parseBody } from '../../src/events/event'

it('The data of a body is its text, and created has its microseconds', () => {
  const body =
    '{"event_id": 12, "type": "post.created", "created": 1625471209.139224, "data": {"created": 1.10, "data": {}}}'
  const { created, data } = parseBody(body)
  expect([created, data.text]).toEqual([1625471209.139224, '{"created": 1.10, "data": {}}'])
})

it('Another text is no body', () => {
  expect(() => parseBody('{"data": 1}')).toThrow('not the body')
})
