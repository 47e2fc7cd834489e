import { randomUUID } from 'node:crypto'
import { Pool as DatabasePool } from 'pg'
import { Pool } from 'undici'
import { signedHeaders } from '../../../../src/delivery/sending/signature'
import { type SigningKeys, signingKeys } from '../../../../src/secrets/signing-keys'
import { CONNECTIONS, DATABASE_URL } from '../serving'

/** Sends in flight, as many as the gateway has. */
export const CONCURRENCY = 200

/** The payload of a job: one event for one endpoint. */
export interface Webhook {
  eventId: string
  endpointId: number
  /** the bytes to sign and to send */
  body: string
}

/** Columns as the gateway's own; no index but the primary key, which is less than it takes to list them by endpoint. */
const CREATE_TABLE = `CREATE TABLE attempts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, send_id uuid NOT NULL, event_id bigint NOT NULL,
  endpoint_id integer NOT NULL, number integer NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(), sent_at timestamptz(3),
  signature_header text NOT NULL, response_status integer, response_body text,
  response_truncated boolean NOT NULL, duration_ms integer, error text, error_detail text, next_retry_at timestamptz(3))`

const RECORD = {
  name: 'record',
  text: `INSERT INTO attempts (send_id, event_id, endpoint_id, number, sent_at, signature_header, response_status,
      response_body, response_truncated, duration_ms, error)
    VALUES ($1, $2, $3, 1, $4, $5, $6, $7, false, $8, $9)`,
}
const HEADER = 'SelfCommunity-Signature'

/** What every queue does with a job: sign twice, send, and record the attempt as one row. */
export class Webhooks {
  private readonly database = new DatabasePool({ connectionString: DATABASE_URL, max: CONNECTIONS })
  private readonly connections: Pool

  /** by endpoint; in memory, so that no queue has to read secrets */
  private readonly keys: Map<number, SigningKeys[]>

  constructor(
    origin: string,
    secrets: [endpointId: number, secret: string][],
    private readonly onRecorded: () => void,
  ) {
    this.connections = new Pool(origin, { connections: CONCURRENCY })
    this.keys = new Map(secrets.map(([endpointId, secret]) => [endpointId, [signingKeys(secret)]]))
  }

  async createTable(): Promise<void> {
    await this.database.query(CREATE_TABLE)
  }

  async send({ eventId, endpointId, body }: Webhook): Promise<void> {
    const sentAt = new Date()
    const signed = signedHeaders({
      headerName: HEADER,
      secrets: this.keys.get(endpointId) ?? [],
      eventId,
      timestampSeconds: Math.floor(sentAt.getTime() / 1_000),
      body,
    })
    const response = await this.connections.request({
      method: 'POST',
      path: `/hook/${endpointId}`,
      headers: { 'content-type': 'application/json', ...signed },
      body,
    })
    const text = await response.body.text()
    const durationMs = Date.now() - sentAt.getTime()
    const { statusCode } = response
    const error = statusCode < 300 ? null : 'HTTP_STATUS'
    const row = [
      randomUUID(),
      eventId,
      endpointId,
      sentAt,
      signed[HEADER],
      statusCode,
      text,
      durationMs,
      error,
    ]
    await this.database.query({ ...RECORD, values: row })
    this.onRecorded()
    if (error) throw new Error(`answered ${statusCode}`)
  }

  async close(): Promise<void> {
    await Promise.all([this.database.end(), this.connections.close()])
  }
}
