import type { EndpointFragment } from '../../../src/generated/graphql/graphql'
import { endpointJson, snakeCase } from '../../../src/http/rest/json'

const ENDPOINT: EndpointFragment = {
  id: '7',
  createdAt: new Date('2026-11-24T01:02:03.004Z'),
  updatedAt: new Date('2026-11-24T03:02:03.400+02:00'),
  version: 3,
  isActive: false,
  target: 'https://example.com/hook',
  description: 'for the shop',
  sslCertVerification: true,
  events: [
    { type: 'category.created', addedAt: new Date('2026-11-24T01:02:03.004Z') },
    { type: 'post.created', addedAt: new Date('2026-11-25T00:00:00Z') },
  ],
}

describe('an endpoint in the documented JSON', () => {
  it('has exactly the documented fields, instants in RFC 3339 and UTC', () => {
    expect(JSON.parse(JSON.stringify(endpointJson(ENDPOINT)))).toEqual({
      id: 7,
      created_at: '2026-11-24T01:02:03.004Z',
      updated_at: '2026-11-24T01:02:03.400Z',
      is_active: false,
      target: 'https://example.com/hook',
      description: 'for the shop',
      events: [
        { type: 'category.created', added_at: '2026-11-24T01:02:03.004Z' },
        { type: 'post.created', added_at: '2026-11-25T00:00:00.000Z' },
      ],
      ssl_cert_verification: true,
    })
  })
})

describe('snakeCase', () => {
  it.each([
    ['target', 'target'],
    ['isActive', 'is_active'],
    ['sslCertVerification', 'ssl_cert_verification'],
    ['added_at', 'added_at'],
    ['', ''],
  ])('%s becomes %s', (name, snake) => {
    expect(snakeCase(name)).toBe(snake)
  })
})
