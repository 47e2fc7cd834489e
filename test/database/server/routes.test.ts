import { setTimeout as sleep } from 'node:timers/promises'
import { parseDatabaseUrl } from '../../../src/database/server/address/parse-database-url'
import { Routes } from '../../../src/database/server/address/routes'

const twoHosts = () => new Routes(parseDatabaseUrl('postgresql://u@one:1,two:2/d?sslmode=disable'))

describe('a host that has become silent', () => {
  it('is not where the next connection starts', () => {
    const routes = twoHosts()
    expect(routes.current().host).toBe('one')
    routes.silent(routes.current())
    expect(routes.current().host).toBe('two')
  })

  it('makes the connections that were opened before unusable, and none that are opened later', async () => {
    const routes = twoHosts()
    const [route, before] = [routes.current(), performance.now()]
    expect(routes.isSilentSince(route, before)).toBe(false)
    await sleep(2)
    routes.silent(route)
    expect(routes.isSilentSince(route, before)).toBe(true)
    await sleep(2)
    expect(routes.isSilentSince(route, performance.now())).toBe(false)
    expect(routes.isSilentSince(routes.current(), before)).toBe(false)
  })
})
