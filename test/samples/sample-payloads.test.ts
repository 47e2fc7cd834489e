import eventTypes from '../../src/endpoints/event-types/event-types.json'
import { samplePayload } from '../../src/samples/sample-payloads'

const types = eventTypes.map(({ type }) => type)
const json = (type: string) => JSON.stringify(samplePayload(type))

/** Every value of a JSON text with its name, at any depth. */
function valuesOf(text: string): [string, unknown][] {
  const values: [string, unknown][] = []
  JSON.parse(text, (name, value) => {
    values.push([name, value])
    return value
  })
  return values
}

describe.each(types)('the sample of %s', (type) => {
  it('is a JSON object of less than 4 KiB, the same each time', () => {
    const sample = samplePayload(type)
    expect(JSON.parse(JSON.stringify(sample))).toStrictEqual(sample)
    expect(sample).not.toBeInstanceOf(Array)
    expect(Buffer.byteLength(json(type))).toBeLessThan(4096)
    expect(json(type)).toBe(JSON.stringify(sample))
  })

  it('differs from the general one and from those of all other types', () => {
    expect(Object.keys(samplePayload(type)).sort()).not.toEqual(Object.keys(samplePayload('a.b')).sort())
    const alike = types.filter((other) => json(other) === json(type))
    expect(alike).toEqual([type])
  })

  it('has instants, ids and addresses of the right form', () => {
    for (const [name, value] of valuesOf(json(type))) {
      if (/(_at|_until)$/.test(name)) {
        expect(value).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
        expect(new Date(String(value)).toISOString()).toBe(value)
      }
      if (name === 'id') expect(value).toBeGreaterThan(0)
      if (typeof value === 'string' && /:\/\/|@\w+\.\w/.test(value)) {
        expect(value).toMatch(/^https:\/\/(\w+\.)?example\.com\/|@example\.com$|@tom\.ashby!$/)
      }
    }
  })

  it('has the fields that its verb promises', () => {
    const sample = samplePayload(type)
    const verb = type.split('.').at(-1) ?? ''
    const promises: Record<string, string[]> = {
      created: ['id', 'created_at'],
      updated: ['id', 'updated_at'],
      deleted: ['id', 'deleted_at'],
      restored: ['id', 'restored_at'],
      cancelled: ['id', 'cancelled_at'],
      rejected: ['id', 'rejected_at'],
      follow: ['follower', 'followed', 'followed_at'],
      unfollow: ['follower', 'followed', 'unfollowed_at'],
      suspend: ['user', 'notifications_suspended', 'suspended_at'],
      unsuspend: ['user', 'notifications_suspended', 'unsuspended_at'],
    }
    const promised = promises[verb] ?? ['id']
    expect(Object.keys(sample)).toEqual(expect.arrayContaining(promised))
    if (type.startsWith('notification.')) expect(sample.type).toBe(type.slice('notification.'.length))
  })
})

describe('a sample', () => {
  it.each([
    ['order.paid', 'order', 'paid'],
    ['billing/invoice:sent', 'billing', 'invoice.sent'],
    ['ping', 'ping', null],
    ['constructor', 'constructor', null],
    ['__proto__', '__proto__', null],
  ])('of the type %s, which an operator has added, is the general one', (type, group, action) => {
    expect(samplePayload(type)).toEqual({
      id: 1,
      type: group,
      action,
      user: expect.objectContaining({ username: expect.any(String) }),
      created_at: expect.any(String),
    })
  })

  it('is a copy: changing it changes no other', () => {
    const before = json('post.created')
    const sample = samplePayload('post.created')
    sample.id = 0
    ;(sample.author as { id: number }).id = 0
    expect(json('post.created')).toBe(before)
  })
})
