import { acceptedType } from '../../src/http/accept'

const JSON_ONLY = ['application/json'] as const
const GRAPHQL = ['application/json', 'application/graphql-response+json'] as const

describe('the Accept header of a client that gets JSON', () => {
  it.each([
    undefined,
    '',
    '*/*',
    'application/json',
    'application/json; indent=4',
    'application/json;indent=4',
    'application/json ; indent = 4',
    'application/json; charset=utf8',
    'application/json; charset=utf-8',
    'application/json; charset="UTF-8"',
    'application/json; charset=latin1',
    'application/json;odata=verbose',
    'application/json;odata.metadata=minimal;odata.streaming=true',
    'application/json;q=0.5',
    'application/json; indent=4; q=0.5',
    'application/json;q=0.5;indent=4',
    'application/json;version=2;q=0.001',
    'application/json;q=',
    'application/json;q=high',
    'application/json;',
    'application/json;;',
    'APPLICATION/JSON',
    'Application/Json; Charset=UTF-8',
    'application/*',
    'application/*; indent=4',
    '*/*; q=0.1',
    '*/*;version=1',
    '*',
    'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2',
    'application/json, text/plain, */*',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'text/html;level=1, application/json;profile="a,b;q=0"',
    'application/json;profile="a\\"b,c"',
    'application/json;profile="not closed',
    ',application/json,',
    'text/html,, application/json',
    'application/json;q=0;indent=4, application/json',
    'nonsense, application/json',
    'application/xml;q=1, application/json;q=0.1',
  ])('%j', (accept) => {
    expect(acceptedType(accept, JSON_ONLY)).toBe('application/json')
  })
})

describe('the Accept header of a client that gets no JSON', () => {
  it.each([
    'text/html',
    'text/*',
    'application/xml, text/*',
    'application/jsonx',
    'application/json+xml',
    'application/vnd.api+json',
    'text/html; type="application/json"',
    'text/html;profile="a, application/json"',
    'application/json;q=0',
    'application/json;Q=0',
    'application/json; q=0.000',
    'application/json; q = 0',
    'application/json;indent=4;q=0',
    'application/json;q=-1',
    'application/json;q=0, */*',
    'application/json;indent=4;q=0, */*',
    'application/*;q=0, */*',
    '*/*;q=0',
    'json',
    ',',
    ';q=1',
  ])('%j', (accept) => {
    expect(acceptedType(accept, JSON_ONLY)).toBeUndefined()
  })
})

describe('a client of GraphQL', () => {
  it.each([
    undefined,
    '*/*',
    'application/*',
    'application/json',
    'application/json, multipart/mixed',
    'text/html, application/*;q=0.1',
    'application/json, application/graphql-response+json;q=0.5',
    'application/json; indent=4, application/graphql-response+json;q=0',
    'application/graphql-response+json;q=0, */*',
  ])('gets JSON: %j', (accept) => {
    expect(acceptedType(accept, GRAPHQL)).toBe('application/json')
  })

  it.each([
    'application/graphql-response+json',
    'application/graphql-response+json; charset=utf-8',
    'Application/GraphQL-Response+JSON;v=1',
    'application/graphql-response+json, application/json;q=0.9',
    // Apollo Client 4, urql 6, graphql-request 7
    'application/graphql-response+json,application/json;q=0.9',
    'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed',
    'application/graphql-response+json, application/json',
    'application/json, application/graphql-response+json',
    'application/json; charset=utf-8, application/graphql-response+json; charset=utf-8',
    '*/*, application/graphql-response+json',
    'application/json;q=0.5, application/graphql-response+json;q=0.6',
    'application/json;q=0, */*',
  ])('gets the response type of GraphQL: %j', (accept) => {
    expect(acceptedType(accept, GRAPHQL)).toBe('application/graphql-response+json')
  })
})

it('a header of any form is read at once', () => {
  for (const text of ['"', '\\', '",', ';', ',', ';q=', '"\\', 'a/b;c="']) {
    const started = process.cpuUsage().user
    acceptedType(text.repeat(8_000), JSON_ONLY)
    // In microseconds. A pattern that tries every way to split the text takes years.
    expect(process.cpuUsage().user - started).toBeLessThan(5_000_000)
  }
})
