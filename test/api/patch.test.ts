import { startTestGateway, type TestGateway } from '../support/gateway'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.stop())

const FIELDS = `id version createdAt updatedAt isActive target description sslCertVerification disabledReason disabledAt
  events { type addedAt }`
const UPDATE = `mutation ($id: ID!, $patch: WebhookEndpointPatch!) {
  updateWebhookEndpoint(id: $id, patch: $patch) { ${FIELDS} }
}`

async function read(id: number) {
  const { data } = await gateway.gql(`query ($id: ID!) { webhookEndpoint(id: $id) { ${FIELDS} } }`, { id })
  return data.webhookEndpoint
}

async function update(id: number, patch: Record<string, unknown>) {
  const { data, errors } = await gateway.gql(UPDATE, { id, patch })
  expect(errors).toBeUndefined()
  return data.updateWebhookEndpoint
}

describe('a patch', () => {
  it('keeps absent fields and raises the version once', async () => {
    const { id } = await gateway.createEndpoint({ description: 'first' })
    const patches = [
      { isActive: false },
      { target: 'https://example.com/hooks' },
      { description: 'second' },
      { sslCertVerification: false },
      { isActive: true, description: 'third', sslCertVerification: true },
    ]
    for (const patch of patches) {
      const before = await read(id)
      const after = await update(id, patch)
      expect(after).toEqual({ ...before, ...patch, version: before.version + 1, updatedAt: after.updatedAt })
      expect(Date.parse(after.updatedAt)).toBeGreaterThanOrEqual(Date.parse(before.updatedAt))
      expect(await read(id)).toEqual(after)
    }
  })

  it('replaces the events as a set and keeps addedAt of those that stay', async () => {
    const { id } = await gateway.createEndpoint({
      events: [{ type: 'post.created' }, { type: 'vote.created' }],
    })
    const before = await read(id)
    const after = await update(id, {
      events: [{ type: 'user.created' }, { type: 'post.created' }, { type: 'post.created' }],
    })
    expect(after.events.map((event: { type: string }) => event.type)).toEqual([
      'post.created',
      'user.created',
    ])
    expect(after.events[0]).toEqual(before.events[0])
    expect(after.events[1].addedAt).toBe(after.updatedAt)
    expect(after.version).toBe(before.version + 1)
  })

  it('with a null description empties it', async () => {
    const { id } = await gateway.createEndpoint({ description: 'something' })
    expect((await update(id, { description: null })).description).toBe('')
    const answer = await gateway.rest('PATCH', `endpoint/${id}/`, { json: { description: null } })
    expect(answer.status).toBe(200)
  })

  it('that changes nothing leaves updated_at and version alone, by REST and GraphQL', async () => {
    const { id } = await gateway.createEndpoint({ description: 'same', events: [{ type: 'post.created' }] })
    const before = await read(id)
    const same = {
      description: 'same',
      isActive: true,
      events: [{ type: 'post.created' }],
      target: before.target,
    }
    expect(await update(id, {})).toEqual(before)
    expect(await update(id, same)).toEqual(before)
    for (const json of [{}, { is_active: true }, { id: 99, created_at: 'x' }]) {
      const answer = await gateway.rest('PATCH', `endpoint/${id}/`, { json })
      expect([answer.status, answer.headers.get('etag')]).toEqual([200, '"1"'])
    }
    expect(await read(id)).toEqual(before)
  })

  it('goes ahead only on the expected version', async () => {
    const { id } = await gateway.createEndpoint()
    expect((await update(id, { expectedVersion: 1, isActive: false })).version).toBe(2)
    const stale = await gateway.gql(UPDATE, { id, patch: { expectedVersion: 1, isActive: true } })
    expect(stale.errors?.[0]?.extensions).toMatchObject({ code: 'VERSION_CONFLICT', current: await read(id) })

    const rest = (match: string) =>
      gateway.rest('PATCH', `endpoint/${id}/`, { json: { is_active: true }, headers: { 'if-match': match } })
    const refused = await rest('"1"')
    expect(refused).toMatchObject({ status: 412, body: { current: { id, is_active: false } } })
    expect(refused.headers.get('etag')).toBe('"2"')
    expect((await rest('"1", "2"')).status).toBe(200)
    expect((await rest('*')).status).toBe(200)
  })
})

describe('PUT and DELETE', () => {
  it('honour If-Match', async () => {
    const created = await gateway.createEndpoint()
    const path = `endpoint/${created.id}/`
    const json = { ...created, description: 'put' }
    const stale = { 'if-match': '"7"' }
    expect((await gateway.rest('PUT', path, { json, headers: stale })).status).toBe(412)
    expect((await gateway.rest('DELETE', path, { headers: stale })).status).toBe(412)
    expect((await gateway.rest('PUT', path, { json, headers: { 'if-match': '"1"' } })).status).toBe(200)
    expect((await gateway.rest('DELETE', path, { headers: { 'if-match': '"2"' } })).status).toBe(204)
    expect((await gateway.rest('GET', path)).status).toBe(404)
  })

  it('GET then PUT round-trips without a change', async () => {
    const { id } = await gateway.createEndpoint({ is_active: false, description: 'as it was' })
    const path = `endpoint/${id}/`
    const { body: json } = await gateway.rest('GET', path)
    const answer = await gateway.rest('PUT', path, { json })
    expect(answer.body).toEqual(json)
    expect(answer.headers.get('etag')).toBe('"1"')
  })

  it('PUT puts defaults where nothing is given and keeps addedAt of events that stay', async () => {
    const { id, events } = await gateway.createEndpoint({ is_active: false, description: 'old' })
    const json = { target: 'http://127.0.0.1:9999/new', events: [{ type: 'post.created' }] }
    const { body } = await gateway.rest('PUT', `endpoint/${id}/`, { json })
    expect(body).toMatchObject({
      ...json,
      is_active: true,
      description: '',
      ssl_cert_verification: true,
      events,
    })
  })
})

describe('200 patches at once on one endpoint', () => {
  it('lose no update and raise the version once per effective change', async () => {
    const { id } = await gateway.createEndpoint({ description: 'start' })
    // Each kind of patch writes a field of its own; half of the events' patches say what is already there.
    const kinds = [
      (turn: number) => ({ description: `description ${turn}` }),
      (turn: number) => ({ target: `http://127.0.0.1:9999/hook/${turn}` }),
      (turn: number) => ({ isActive: turn % 2 === 0 }),
      (turn: number) => ({ events: [{ type: turn % 2 === 0 ? 'post.created' : 'vote.created' }] }),
    ]
    const patches = Array.from(
      { length: 200 },
      (_, turn) => kinds[turn % kinds.length]?.(Math.floor(turn / 4)) ?? {},
    )
    const answers = await Promise.all(patches.map((patch) => update(id, patch)))

    // Every version between first and last was answered by the patch that made it, and by unchanged ones after it.
    const byVersion = new Map<number, (typeof answers)[number][]>()
    for (const answer of answers)
      byVersion.set(answer.version, [...(byVersion.get(answer.version) ?? []), answer])
    const stored = await read(id)
    expect(stored.version).toBe(Math.max(...answers.map((answer) => answer.version)))
    for (let version = 2; version <= stored.version; version += 1) {
      const [first, ...others] = byVersion.get(version) ?? []
      expect(first).toBeDefined()
      for (const other of others) expect(other).toEqual(first)
    }
    // Each step between versions changed one field, so none overwrote another's.
    const versions = [...byVersion.keys()].sort((a, b) => a - b)
    for (const version of versions.slice(1)) {
      const before = byVersion.get(version - 1)?.[0]
      const after = byVersion.get(version)?.[0]
      if (!before) continue
      const types = (endpoint: typeof after) =>
        endpoint.events.map((event: { type: string }) => event.type).join()
      const changed = ['description', 'target', 'isActive'].filter((field) => before[field] !== after[field])
      expect([...changed, ...(types(before) === types(after) ? [] : ['events'])]).toHaveLength(1)
    }
    // Each answer contains the field that its patch wrote.
    answers.forEach((answer, index) => {
      const { events, ...fields } = patches[index] as { events?: { type: string }[] }
      expect(answer).toMatchObject(fields)
      if (events) expect(answer.events).toMatchObject(events)
    })
  })

  it('of which each writes its own field once, all survive', async () => {
    const created = await Promise.all(Array.from({ length: 50 }, () => gateway.createEndpoint()))
    await Promise.all(
      created.flatMap(({ id }) => [
        update(id, { description: 'set' }),
        gateway.rest('PATCH', `endpoint/${id}/`, { json: { is_active: false } }),
        update(id, { events: [{ type: 'user.created' }] }),
        gateway.rest('PATCH', `endpoint/${id}/`, { json: { ssl_cert_verification: false } }),
      ]),
    )
    for (const { id } of created) {
      expect(await read(id)).toMatchObject({
        version: 5,
        description: 'set',
        isActive: false,
        sslCertVerification: false,
        events: [{ type: 'user.created' }],
      })
    }
  })
})
