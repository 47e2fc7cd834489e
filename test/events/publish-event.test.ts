import type { EventsCore } from '../../src/events/event'
import { publishEvent } from '../../src/events/publish-event'
import { JsonText } from '../../src/json-text'

const STORED = {
  outcome: 'published',
  id: '9007199254740991',
  type: 'post.created',
  createdAt: new Date(0),
  body: '{"event_id": 9007199254740991}',
}

/** A database that answers the first statement and is gone afterwards. */
function goneAfterCommit() {
  let statements = 0
  const gone = () => {
    throw new Error('the database does not answer')
  }
  const query = async () => {
    statements += 1
    return statements === 1 ? [STORED] : gone()
  }
  const prisma = new Proxy({}, { get: gone })
  return {
    query,
    prisma,
    catalogue: { types: [], has: () => true },
    notifyWorkers: () => undefined,
    notifyFanOut: () => undefined,
  } as unknown as EventsCore
}

it('A stored event is answered although the database is gone after the commit', async () => {
  const input = { type: 'post.created', data: new JsonText('1.0') }
  const { outcome, id, ...event } = STORED
  expect(await publishEvent(goneAfterCommit(), input, 'sub:shop')).toEqual({
    event: { ...event, id: BigInt(id) },
    deduplicated: false,
  })
})
