import { publicPathRemover } from '../../src/http/public-url'

describe('a proxy that does not remove the path of the public URL', () => {
  const remove = publicPathRemover('https://hooks.example.com/webhooks')
  it.each([
    ['/webhooks', '/'],
    ['/webhooks/', '/'],
    ['/webhooks?a=b', '/?a=b'],
    ['/webhooks/?a=b', '/?a=b'],
    ['/webhooks/graphql', '/graphql'],
    ['/webhooks/graphql?query={a}', '/graphql?query={a}'],
    ['/webhooks/graphiql', '/graphiql'],
    ['/webhooks/graphiql/assets/a.js', '/graphiql/assets/a.js'],
    ['/webhooks/console/', '/console/'],
    ['/webhooks/api/v2/webhook/endpoint/1/', '/api/v2/webhook/endpoint/1/'],
    ['/webhooks/readyz', '/readyz'],
    ['/webhooks/metrics', '/metrics'],
  ])('works: %s', (url, path) => {
    expect(remove({ url })).toBe(path)
  })
})

describe('a URL that is not below the public path stays as it is', () => {
  it.each([
    '/',
    '/graphql',
    '/graphiql/',
    '/api/v2/webhook/endpoint/',
    '/healthz',
    '/webhooksx',
    '/webhooks2/graphql',
    '*',
  ])('%s', (url) => {
    expect(publicPathRemover('https://hooks.example.com/webhooks')({ url })).toBe(url)
    expect(publicPathRemover('https://hooks.example.com')({ url })).toBe(url)
  })

  it.each(['/webhooks/nothing', '/webhooks/webhooks/graphql', '/webhooks/graphqlx', '/webhooks//graphql'])(
    'nor one where no path of the gateway follows: %s',
    (url) => {
      expect(publicPathRemover('https://hooks.example.com/webhooks')({ url })).toBe(url)
    },
  )
})

describe('a public path that starts like a path of the gateway', () => {
  it.each([
    ['https://x.example/api', '/api/v2/webhook/endpoint/', '/api/v2/webhook/endpoint/'],
    ['https://x.example/api', '/api/api/v2/webhook/endpoint/', '/api/v2/webhook/endpoint/'],
    ['https://x.example/api', '/api/graphql', '/graphql'],
    ['https://x.example/graphql', '/graphql/graphql', '/graphql'],
    ['https://x.example/graphql', '/graphql', '/graphql'],
    ['https://x.example/graphql', '/graphql?query={a}', '/graphql?query={a}'],
    ['https://x.example/a/b', '/a/b/graphql', '/graphql'],
    ['https://x.example/a/b', '/a/graphql', '/a/graphql'],
  ])('is not taken for it: %s %s', (publicUrl, url, path) => {
    expect(publicPathRemover(publicUrl)({ url })).toBe(path)
  })
})
