import assert from 'node:assert/strict'
import type { StoredEndpoint } from '../endpoints'
import type { EndpointTarget } from './target'

interface AnsweredEndpoint {
  id: number | string
  createdAt: string
  updatedAt: string
  isActive: boolean
  target: string
  description: string
  sslCertVerification: boolean
  events: { type: string; addedAt: string }[]
}

/**
 * Sends one request to each of two endpoints and checks every field of the answers, and the stored description.
 *
 * @returns the size of an answer's body in bytes
 * @throws Error when any field is wrong
 */
export async function checkSample(target: EndpointTarget, endpoints: StoredEndpoint[]): Promise<number> {
  let bytes = 0
  for (const endpoint of [endpoints[0], endpoints.at(-1)]) {
    assert(endpoint)
    bytes = await checkOne(target, endpoint)
  }
  return bytes
}

async function checkOne(target: EndpointTarget, endpoint: StoredEndpoint): Promise<number> {
  const description = `sample ${Math.random()}, "quoted"`
  const { method, path, headers, body } = target.request(endpoint.id, description)
  const response = await fetch(target.url + path, { method, headers, body })
  const text = await response.text()
  const about = `${target.operation} of ${target.system}: ${response.status} ${text}`
  assert.equal(response.status, 200, about)
  assert(text.startsWith(target.beginning), about)
  const answered = target.endpointIn(JSON.parse(text)) as AnsweredEndpoint
  assert.deepEqual(
    {
      id: Number(answered.id),
      target: answered.target,
      isActive: answered.isActive,
      sslCertVerification: answered.sslCertVerification,
      events: answered.events.map(({ type, addedAt }) => [type, Number.isNaN(Date.parse(addedAt))]),
    },
    {
      id: endpoint.id,
      target: endpoint.target,
      isActive: true,
      sslCertVerification: true,
      events: endpoint.events.map(({ type }) => [type, false]),
    },
    about,
  )
  assert(Date.parse(answered.updatedAt) >= Date.parse(answered.createdAt), about)
  if (target.isWrite) assert.equal(answered.description, description, about)
  if (target.isWrite && target.store) {
    assert.equal(await target.store.descriptionOf(endpoint.id), description, 'the answered value is stored')
  }
  return Buffer.byteLength(text)
}
