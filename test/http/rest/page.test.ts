import { RestError } from '../../../src/http/rest/errors'
import { pageJson, type QueryString, readPage } from '../../../src/http/rest/page'

const ORDERS = { '-created_at': 'NEWEST', created_at: 'OLDEST', is_active: 'OFF_FIRST' }

const read = (query: QueryString) => readPage(query, ORDERS)

/** Every problem as `field: code`. */
function problemsOf(query: QueryString): string[] {
  try {
    read(query)
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    expect(error.statusCode).toBe(400)
    return error.problems.map(({ field, code }) => `${field}: ${code}`)
  }
  return []
}

describe('the parameters of a list', () => {
  it('have defaults', () => {
    expect(read({})).toEqual({ limit: 20, offset: 0, orderBy: 'NEWEST' })
  })

  it.each(['1', '20', '99', '100', '101', '2147483647', '99999999999999999999', '007'])(
    'may have the limit %s',
    (limit) => {
      expect(problemsOf({ limit })).toEqual([])
    },
  )

  it.each(['0', '1', '100000', '2147483647', '2147483648', '99999999999999999999'])(
    'may have the offset %s',
    (offset) => {
      expect(problemsOf({ offset })).toEqual([])
    },
  )

  it.each(Object.entries(ORDERS))('may have the ordering %s', (ordering, orderBy) => {
    expect(read({ ordering }).orderBy).toBe(orderBy)
  })

  it('keep their value, up to the largest integer of the schema', () => {
    expect(read({ limit: '5', offset: '15' })).toMatchObject({ limit: 5, offset: 15 })
    const { limit, offset } = read({ limit: '99999999999', offset: '99999999999' })
    expect(limit).toBeGreaterThanOrEqual(100)
    expect(limit).toBeLessThanOrEqual(2_147_483_647)
    expect(offset).toBe(2_147_483_647)
  })

  it.each(['0', '-1', '-0', '-99999999999999999999'])('may not have the limit %s', (limit) => {
    expect(problemsOf({ limit })).toEqual(['limit: out_of_range'])
  })

  it.each(['-1', '-99999999999999999999'])('may not have the offset %s', (offset) => {
    expect(problemsOf({ offset })).toEqual(['offset: out_of_range'])
  })

  it.each([
    '',
    ' ',
    '1.5',
    '1.0',
    '1e2',
    '+1',
    '0x10',
    ' 1',
    '1 ',
    '1,2',
    'ten',
    'NaN',
    'Infinity',
    'null',
    '١',
  ])('must be whole numbers: %j is none', (text) => {
    expect(problemsOf({ limit: text })).toEqual(['limit: wrong_type'])
    expect(problemsOf({ offset: text })).toEqual(['offset: wrong_type'])
  })

  it.each(['', 'id', 'CREATED_AT_DESC', '+created_at', '--created_at', 'created_at,is_active', 'Created_at'])(
    'may not have the ordering %j',
    (ordering) => {
      expect(problemsOf({ ordering })).toHaveLength(1)
      expect(problemsOf({ ordering })[0]).toMatch(/^ordering: /)
    },
  )

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'may not have an ordering that every object inherits: %s',
    (ordering) => {
      expect(problemsOf({ ordering })).toHaveLength(1)
    },
  )

  it('are reported all at once', () => {
    const fields = problemsOf({ limit: '0', offset: 'x', ordering: 'id' }).map(
      (problem) => problem.split(':')[0],
    )
    expect(fields.sort()).toEqual(['limit', 'offset', 'ordering'])
  })

  it('ignore parameters with other names', () => {
    expect(read({ page: '2', Limit: '1', limit_: '1' })).toEqual(read({}))
  })
})

describe('a page', () => {
  const BASE = 'http://127.0.0.1:4000/api/v2/webhook/endpoint/'

  /** The page of a URL, of a list of numbers. */
  function pageOf(href: string, count: number) {
    const url = new URL(href)
    const request = read(Object.fromEntries(url.searchParams))
    const results = Array.from({ length: count }, (_value, index) => index).slice(
      request.offset,
      request.offset + Math.min(request.limit, 100),
    )
    return pageJson(url, request, count, results)
  }

  it('has the count of the whole list, and its own part', () => {
    expect(pageOf(`${BASE}?limit=2&offset=1`, 5)).toMatchObject({ count: 5, results: [1, 2] })
  })

  it.each<[string, number, string | null, string | null]>([
    ['', 0, null, null],
    ['', 20, null, null],
    ['', 21, '?limit=20&offset=20', null],
    ['?limit=20', 21, '?limit=20&offset=20', null],
    ['?limit=20&offset=0', 21, '?limit=20&offset=20', null],
    ['?limit=20&offset=20', 21, null, '?limit=20'],
    ['?limit=20&offset=20', 41, '?limit=20&offset=40', '?limit=20'],
    ['?limit=20&offset=40', 41, null, '?limit=20&offset=20'],
    ['?limit=20&offset=10', 41, '?limit=20&offset=30', '?limit=20'],
    ['?limit=1&offset=1', 2, null, '?limit=1'],
    ['?limit=5&offset=5', 10, null, '?limit=5'],
    ['?limit=100', 101, '?limit=100&offset=100', null],
    ['?limit=101', 101, '?limit=100&offset=100', null],
    ['?limit=99999999999', 250, '?limit=100&offset=100', null],
    ['?limit=1000&offset=100', 250, '?limit=100&offset=200', '?limit=100'],
  ])('links to its neighbours: %s of %i', (query, count, next, previous) => {
    const page = pageOf(BASE + query, count)
    expect(page.next).toBe(next && BASE + next)
    expect(page.previous).toBe(previous && BASE + previous)
  })

  it('keeps the other parameters in its links', () => {
    const query = '?target=a%26b%20c%2F&ordering=-created_at&x=1&x=2&limit=20&offset=20'
    const { next, previous } = pageOf(BASE + query, 100)
    for (const link of [next, previous]) {
      const { searchParams } = new URL(link ?? '')
      expect(searchParams.get('target')).toBe('a&b c/')
      expect(searchParams.get('ordering')).toBe('-created_at')
      expect(searchParams.getAll('x')).toEqual(['1', '2'])
    }
  })

  it('keeps scheme, host, port and path in its links', () => {
    const { next } = pageOf('https://hooks.example.com:8443/prefix/endpoint?limit=1', 2)
    expect(next).toBe('https://hooks.example.com:8443/prefix/endpoint?limit=1&offset=1')
  })

  it('links back to the list from beyond the end of the list', () => {
    let page = pageOf(`${BASE}?limit=20&offset=65`, 45)
    expect(page).toMatchObject({ count: 45, next: null, results: [] })
    const seen: number[] = []
    while (page.previous) {
      page = pageOf(page.previous, 45)
      seen.push(...page.results)
    }
    expect([...new Set(seen)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 45 }, (_value, index) => index),
    )
  })

  it.each([1, 2, 7, 20, 45, 100, 1_000])(
    'follows next through every entry exactly once, %i at a time',
    (limit) => {
      let page = pageOf(`${BASE}?limit=${limit}`, 245)
      const seen = [...page.results]
      while (page.next) {
        page = pageOf(page.next, 245)
        seen.push(...page.results)
      }
      expect(seen).toEqual(Array.from({ length: 245 }, (_value, index) => index))
    },
  )

  it('does not change the URL of the request', () => {
    const url = new URL(`${BASE}?limit=1`)
    pageJson(url, { limit: 1, offset: 1, orderBy: 'NEWEST' }, 3, [])
    expect(url.href).toBe(`${BASE}?limit=1`)
  })
})
