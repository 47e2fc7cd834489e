/**
 * An identity provider (npm `oidc-provider`, certified for OpenID Connect) that signs access tokens for the audience
 * `hookgate` by the grant `client_credentials`, with the claim `role`. The test that starts it sends commands, one JSON
 * array a line, and gets one JSON object a line for each:
 * - `["publish", signer, [[kid, algorithm], ...]]` publishes these keys, and signs with one of them. A key keeps its
 *   material as long as this process runs.
 * - `["answer", "keys" | "error" | "nonsense" | "silence"]` is what the key set answers from now on.
 */
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import Provider from 'oidc-provider'

const KINDS = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
}

const keys = new Map()
let handle = (_request, response) => response.writeHead(503).end()
let answer = 'keys'
let fetches = 0

const server = createServer((request, response) => {
  if (request.url === '/jwks') {
    fetches += 1
    if (answer === 'silence') return
    if (answer === 'error') return response.writeHead(500).end('<html>error</html>')
    if (answer === 'nonsense') return response.end('{"error": "try again later"}')
  }
  handle(request, response)
})
// A port of the test: a provider that was restarted has its old address.
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => reply({ url: issuer() }))

const issuer = () => `http://127.0.0.1:${server.address().port}`
const reply = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)

function jwkOf([kid, alg]) {
  if (!keys.has(kid)) {
    const { privateKey } = KINDS[alg]()
    keys.set(kid, { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' })
  }
  return keys.get(kid)
}

function publish(signer, published) {
  const jwks = { keys: published.map(jwkOf) }
  const { alg } = keys.get(signer)
  const resource = {
    scope: 'all',
    audience: 'hookgate',
    accessTokenFormat: 'jwt',
    accessTokenTTL: 3600,
    jwt: { sign: { alg, kid: signer } },
  }
  const provider = new Provider(issuer(), {
    jwks,
    clients: [
      {
        client_id: 'shop',
        client_secret: 'secret-of-the-shop',
        token_endpoint_auth_method: 'client_secret_post',
        id_token_signed_response_alg: alg,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: () => resource },
    },
    extraTokenClaims: () => ({ role: 'admin' }),
  })
  handle = provider.callback()
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...args] = JSON.parse(line)
  if (command === 'publish') publish(...args)
  if (command === 'answer') answer = args[0]
  reply({ fetches })
}
