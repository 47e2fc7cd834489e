import { publisherOf } from '../../src/events/publisher'

describe('the owner of idempotency keys', () => {
  it('is the subject', () => expect(publisherOf('shop')).toBe('sub:shop'))

  it('is another one for each subject that PostgreSQL cannot store or index', () => {
    const subjects = ['', 'a\0', '\ud800', '\udfff', 'x'.repeat(256), 'x'.repeat(20_000), 'é'.repeat(300)]
    const publishers = subjects.map(publisherOf)
    expect(new Set(publishers).size).toBe(subjects.length)
    for (const publisher of publishers) expect(publisher).toMatch(/^sub(-sha256)?:[\x20-\x7e]{0,255}$/)
  })
})
