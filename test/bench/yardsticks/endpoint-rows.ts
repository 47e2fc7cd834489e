import { Pool } from 'pg'
import { CONNECTIONS, DATABASE_URL } from './serving'

/** One row of the gateway's table `endpoints` with its events, as JSON prints it. */
export interface EndpointRow {
  id: number
  createdAt: Date
  updatedAt: Date
  version: number
  isActive: boolean
  target: string
  description: string
  sslCertVerification: boolean
  disabledReason: string | null
  events: { type: string; addedAt: string }[]
}

/** The fields that a caller may change; null and undefined keep the stored value. */
export interface EndpointPatch {
  target?: string | null
  description?: string | null
  isActive?: boolean | null
  sslCertVerification?: boolean | null
}

const COLUMNS = `id, created_at AS "createdAt", updated_at AS "updatedAt", version, is_active AS "isActive", target,
  description, ssl_cert_verification AS "sslCertVerification", disabled_reason AS "disabledReason",
  (SELECT json_agg(json_build_object('type', type, 'addedAt', added_at) ORDER BY type)
   FROM endpoint_events WHERE endpoint_id = endpoints.id) AS events`

const SELECT = `SELECT ${COLUMNS} FROM endpoints WHERE id = $1`

const UPDATE = `UPDATE endpoints
  SET target = coalesce($2, target), description = coalesce($3, description), is_active = coalesce($4, is_active),
    ssl_cert_verification = coalesce($5, ssl_cert_verification), version = version + 1,
    updated_at = clock_timestamp()
  WHERE id = $1
  RETURNING ${COLUMNS}`

/**
 * The shortest way to one row: a pool of connections, one prepared statement to read and one to write. It validates
 * nothing, and writes a patch that changes nothing as well.
 */
export class EndpointRows {
  private readonly pool = new Pool({ connectionString: DATABASE_URL, max: CONNECTIONS })

  async find(id: string): Promise<EndpointRow | undefined> {
    const { rows } = await this.pool.query({ name: 'select-endpoint', text: SELECT, values: [id] })
    return rows[0]
  }

  async update(id: string, patch: EndpointPatch): Promise<EndpointRow | undefined> {
    const { target, description, isActive, sslCertVerification } = patch
    const values = [id, target, description, isActive, sslCertVerification]
    const { rows } = await this.pool.query({ name: 'update-endpoint', text: UPDATE, values })
    return rows[0]
  }
}
