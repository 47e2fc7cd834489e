import { startTestGateway, type TestGateway } from '../support/gateway'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
  for (let number = 1; number <= 45; number += 1) {
    await gateway.createEndpoint({
      target:
        number % 9 === 0 ? `http://127.0.0.1:9999/100%25_${number}` : `http://127.0.0.1:9999/Shop/${number}`,
      is_active: number % 3 === 0,
      events: [{ type: number % 2 === 0 ? 'post.created' : 'vote.created' }],
    })
  }
})
afterAll(() => gateway.stop())

const ids = (page: { results: { id: number }[] }) => page.results.map(({ id }) => id)

describe('GET endpoint/', () => {
  it('answers pages of 20, newest first, whose links lead through all of them', async () => {
    const seen: number[] = []
    let path: string | null = 'endpoint/'
    let pages = 0
    let last: { previous: string | null } | undefined
    while (path !== null) {
      const { body } = await gateway.rest('GET', path)
      expect(body.count).toBe(45)
      seen.push(...ids(body))
      pages += 1
      last = body
      path = body.next && new URL(body.next).href.split('/api/v2/webhook/')[1]
      if (body.next) expect(body.next.startsWith(`${gateway.url}/api/v2/webhook/endpoint/?`)).toBe(true)
    }
    expect(pages).toBe(3)
    expect(seen).toEqual(Array.from({ length: 45 }, (_, index) => 45 - index))
    expect(last?.previous).toBe(`${gateway.url}/api/v2/webhook/endpoint/?limit=20&offset=20`)
  })

  it('orders by every documented field, both ways, without gaps or repeats', async () => {
    for (const ordering of [
      'created_at',
      '-created_at',
      'updated_at',
      '-updated_at',
      'is_active',
      '-is_active',
    ]) {
      const all = ids((await gateway.rest('GET', `endpoint/?limit=100&ordering=${ordering}`)).body)
      expect(new Set(all).size).toBe(45)
      const parts = await Promise.all(
        [0, 15, 30].map((offset) =>
          gateway.rest('GET', `endpoint/?limit=15&offset=${offset}&ordering=${ordering}`),
        ),
      )
      expect(parts.flatMap((part) => ids(part.body))).toEqual(all)
      const opposite = ordering.startsWith('-') ? ordering.slice(1) : `-${ordering}`
      const reversed = ids((await gateway.rest('GET', `endpoint/?limit=100&ordering=${opposite}`)).body)
      expect(reversed).toEqual([...all].reverse())
    }
  })

  it('counts a limit above 100 as 100 and answers an offset beyond the end with an empty page', async () => {
    const wide = (await gateway.rest('GET', 'endpoint/?limit=5000')).body
    expect([wide.results.length, wide.next, wide.previous]).toEqual([45, null, null])
    const beyond = (await gateway.rest('GET', 'endpoint/?offset=99999999999')).body
    expect([beyond.count, beyond.results, beyond.next]).toEqual([45, [], null])
  })

  it.each([
    ['limit=0', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['offset=-1', 'offset'],
    ['offset=x', 'offset'],
    ['ordering=target', 'ordering'],
    ['ordering=constructor', 'ordering'],
    ['ordering=', 'ordering'],
  ])('refuses ?%s by the name of the parameter', async (query, field) => {
    const { status, body } = await gateway.rest('GET', `endpoint/?${query}`)
    expect([status, body.errors[0].field]).toEqual([400, field])
  })
})

describe('GET endpoint/search/', () => {
  it('finds a part of the target in any case, its wildcards taken literally', async () => {
    const count = async (target: string) =>
      (await gateway.rest('GET', `endpoint/search/?target=${encodeURIComponent(target)}`)).body.count
    expect(await count('shop')).toBe(40)
    expect(await count('SHOP/1')).toBe(10)
    expect(await count('%25_')).toBe(5)
    expect(await count('%')).toBe(5)
    expect(await count('_')).toBe(5)
    expect(await count('\\')).toBe(0)
    expect(await count('nowhere')).toBe(0)
  })

  it('keeps the search in its links', async () => {
    const { body } = await gateway.rest('GET', 'endpoint/search/?target=shop&limit=10')
    expect(body.results).toHaveLength(10)
    expect(new URL(body.next).searchParams.get('target')).toBe('shop')
  })

  it('refuses a text that no target can hold', async () => {
    const { status, body } = await gateway.rest('GET', 'endpoint/search/?target=%00')
    expect([status, body.errors[0].field]).toEqual([400, 'target'])
  })
})

describe('query webhookEndpoints', () => {
  const list = async (args: string) => {
    const { data } = await gateway.gql(`{ webhookEndpoints${args} { totalCount nodes { id } } }`)
    return data.webhookEndpoints
  }

  it('filters by every condition together', async () => {
    expect((await list('')).nodes).toHaveLength(20)
    expect((await list('(filter: {isActive: true})')).totalCount).toBe(15)
    expect((await list('(filter: {eventType: "post.created"})')).totalCount).toBe(22)
    expect((await list('(filter: {isActive: true, eventType: "post.created"})')).totalCount).toBe(7)
    expect(
      (await list('(filter: {isActive: null, targetContains: "sHoP", eventType: null})')).totalCount,
    ).toBe(40)
    expect((await list('(filter: {eventType: "no.such"})')).totalCount).toBe(0)
  })

  it('takes null for the default', async () => {
    expect((await list('(filter: null, limit: null, offset: null, orderBy: null)')).nodes).toHaveLength(20)
  })

  it('refuses limits and offsets out of range, all at once', async () => {
    const { errors } = await gateway.gql('{ webhookEndpoints(limit: 0, offset: -1) { totalCount } }')
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'VALIDATION_FAILED',
      problems: [{ path: ['limit'] }, { path: ['offset'] }],
    })
  })
})
