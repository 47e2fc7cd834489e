import type { AuthConfig } from '../auth/auth-config'
import type { DatabaseConfig } from '../database/database-config'

export type ProcessRole = 'api' | 'worker'

/** Which targets an endpoint may have. */
export interface TargetConfig {
  /** CIDRs that targets may use although they are not public */
  allowedNetworks: string[]
  allowHttp: boolean
}

export interface DeliveryConfig {
  /** sends in flight in this process */
  concurrency: number
  /** sends in flight to one endpoint, in this process */
  endpointConcurrency: number
  /** sends in flight to one host and port, in this process */
  hostConcurrency: number
  /** deadline of one send, from the name lookup to the end of the response */
  sendTimeoutMs: number
  /** `address` or `address:port` of the name servers for receivers' names; undefined = those of the system */
  dnsServers: string[] | undefined
  /** seconds to wait after each failed try */
  retrySchedule: number[]
  retentionDays: number
  signatureHeader: string
}

export interface Config {
  production: boolean
  host: string
  port: number
  /** where clients find the gateway, path included and without a slash at its end; undefined = as each request names it */
  publicUrl: string | undefined
  /** origins whose pages may call the APIs, such as https://app.example.com */
  corsOrigins: string[]
  database: DatabaseConfig
  /** the folder of the embedded database and of the development keys */
  dataDir: string
  auth: AuthConfig
  /** 32 bytes each, newest first; undefined = the development key of the data folder */
  encryptionKeys: Buffer[] | undefined
  revealPasswordHash: string | undefined
  targets: TargetConfig
  /** path of the operator's catalogue of event types; undefined = the built-in one */
  eventTypesFile: string | undefined
  delivery: DeliveryConfig
  roles: ProcessRole[]
  logLevel: string
}
