import { graphql } from '../../api'
import { query } from '../../databases'

/** Reads what a system has stored, to check its writes. */
export interface Store {
  /** The sum of the versions of all endpoints: every write adds one. */
  sumOfVersions(): Promise<number>
  descriptionOf(id: number): Promise<string | undefined>
}

/** Reads the tables themselves: this also works for the yardsticks. */
export const storeInDatabase = (database: string): Store => ({
  async sumOfVersions() {
    const [row] = await query<{ sum: string }>(database, 'SELECT sum(version) AS sum FROM endpoints')
    return Number(row?.sum)
  },
  async descriptionOf(id) {
    const text = 'SELECT description FROM endpoints WHERE id = $1'
    const [row] = await query<{ description: string }>(database, text, [id])
    return row?.description
  },
})

const VERSIONS = `query Versions($offset: Int!) {
  page: webhookEndpoints(limit: 100, offset: $offset, orderBy: CREATED_AT_ASC) { totalCount nodes { version } }
}`

const DESCRIPTION = 'query Description($id: ID!) { endpoint: webhookEndpoint(id: $id) { description } }'

interface VersionPage {
  page: { totalCount: number; nodes: { version: number }[] }
}

/** Reads through the public API: this works for a gateway with other tables. */
export const storeBehindApi = (url: string): Store => ({
  async sumOfVersions() {
    let sum = 0
    for (let offset = 0, total = 1; offset < total; offset += 100) {
      const { page } = await graphql<VersionPage>(url, VERSIONS, { offset })
      for (const { version } of page.nodes) sum += version
      total = page.totalCount
    }
    return sum
  },
  async descriptionOf(id) {
    const data = await graphql<{ endpoint?: { description: string } }>(url, DESCRIPTION, { id: String(id) })
    return data.endpoint?.description
  },
})
