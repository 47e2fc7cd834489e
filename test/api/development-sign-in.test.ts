import { startTestGateway, type TestGateway } from '../support/gateway'

let gateway: TestGateway
afterEach(() => gateway.stop())

/** The code of the link in the output. */
const printedCode = () => /Sign in +http\S+\/graphiql\/#code=([\w-]+)\n/.exec(gateway.output())?.[1] ?? ''

async function exchange(code: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ code }),
  })
  return { status: response.status, token: ((await response.json()) as { token?: string }).token }
}

it('only the link printed at the start gives an admin token', async () => {
  gateway = await startTestGateway()
  const code = printedCode()
  for (let time = 0; time < 2; time += 1) {
    const { status, token = '' } = await exchange(code)
    expect(status).toBe(200)
    expect((await gateway.gql('{ webhookEndpoints { totalCount } }', {}, token)).errors).toBeUndefined()
  }

  // What nginx without headers, socat or another user of the machine sends.
  const hosts = ['127.0.0.1', 'localhost', 'upstream']
  for (const path of ['/graphiql/session', '/session', '/', '/graphiql', '/graphiql/']) {
    for (const host of hosts) {
      const response = await fetch(gateway.url + path, { headers: { host }, redirect: 'manual' })
      expect(await response.text()).not.toMatch(/eyJ|"token":/)
    }
  }
  for (const host of hosts) expect(await exchange('', { host })).toEqual({ status: 403, token: undefined })
})

it('the link of an earlier start signs nobody in', async () => {
  gateway = await startTestGateway()
  const earlier = printedCode()
  const { database } = gateway
  await gateway.end()
  gateway = await startTestGateway({}, database)
  expect(printedCode()).not.toBe(earlier)
  expect((await exchange(earlier)).status).toBe(403)
  expect((await exchange(printedCode())).status).toBe(200)
})

it('the link is printed for the public address', async () => {
  gateway = await startTestGateway({ HOOKGATE_PUBLIC_URL: 'https://hooks.example.com/webhooks/' })
  expect(gateway.output()).toContain(
    `Sign in    https://hooks.example.com/webhooks/graphiql/#code=${printedCode()}\n`,
  )
})

it('there is no link when an identity provider signs the tokens', async () => {
  gateway = await startTestGateway({ HOOKGATE_JWT_SECRET: '', HOOKGATE_JWKS_URL: 'http://127.0.0.1:1/jwks' })
  expect(gateway.output()).toContain('/graphiql')
  expect(gateway.output()).not.toMatch(/code=|token/i)
  expect((await exchange('')).status).toBe(404)
})

it('the code is in no line but that of the link', async () => {
  gateway = await startTestGateway({ LOG_LEVEL: 'trace' })
  const code = printedCode()
  expect((await exchange(code)).status).toBe(200)
  expect((await exchange(`${code}x`)).status).toBe(403)
  expect(gateway.output().split(code)).toHaveLength(2)
})
