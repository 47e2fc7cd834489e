import { scryptSync } from 'node:crypto'
import { REVEAL } from '../support/event-documents'
import { startTestGateway, type TestGateway, tokenFor } from '../support/gateway'

const PASSWORD = 'correct horse'
const salt = Buffer.alloc(16, 5)
const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
/** Cheap parameters. */
const HASH = `$scrypt$ln=1,r=8,p=1$${base64(salt)}$${base64(scryptSync(PASSWORD, salt, 32, { N: 2, r: 8, p: 1 }))}`

const admin = (sub?: string) => tokenFor(sub === undefined ? { role: 'admin' } : { role: 'admin', sub })

let gateway: TestGateway
let id: string
beforeAll(async () => {
  gateway = await startTestGateway({ HOOKGATE_REVEAL_PASSWORD_HASH: HASH })
  id = String((await gateway.createEndpoint()).id)
})
afterAll(() => gateway?.stop())

const revealByRest = (token: string, password: string) =>
  gateway.rest('POST', `endpoint/${id}/secret/reveal/`, { token, json: { password } })
const codesByGraphql = async (token: string, password: string) =>
  (await gateway.gql(REVEAL, { id, password }, token)).errors?.map(({ extensions }) => extensions?.code)

it('five wrong reveal passwords of one caller leave the others their own', async () => {
  // Counted together for both APIs.
  for (let nth = 0; nth < 3; nth += 1)
    expect((await revealByRest(admin('guesser'), 'wrong')).status).toBe(403)
  for (let nth = 0; nth < 2; nth += 1) {
    expect(await codesByGraphql(admin('guesser'), 'wrong')).toEqual(['FORBIDDEN'])
  }
  const limited = await revealByRest(admin('guesser'), PASSWORD)
  expect(limited.status).toBe(429)
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(limited.body.errors).toEqual([{ message: expect.any(String), code: 'rate_limited' }])
  expect(await codesByGraphql(admin('guesser'), PASSWORD)).toEqual(['RATE_LIMITED'])

  expect((await revealByRest(admin('another'), PASSWORD)).status).toBe(201)
  expect(await codesByGraphql(admin('another'), PASSWORD)).toBeUndefined()
  // Right ones do not count.
  for (let nth = 0; nth < 7; nth += 1)
    expect((await revealByRest(admin('another'), PASSWORD)).status).toBe(201)
})

it('callers without a subject are one caller', async () => {
  for (let nth = 0; nth < 5; nth += 1) expect((await revealByRest(admin(), 'wrong')).status).toBe(403)
  expect((await revealByRest(admin(), PASSWORD)).status).toBe(429)
})
