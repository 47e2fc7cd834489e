import type { ClientConfig } from 'pg'
import type { DatabaseAddress } from './address/database-address'
import type { Route, Routes } from './address/routes'
import { ANSWER_WITHIN_MS, asOptions, type Settings } from './session-settings'

/** Of several hosts, one that is silent must not use up all the time of a request. */
const CONNECT_WITHIN_MS = { onlyHost: ANSWER_WITHIN_MS, oneOfSeveral: 3_000 }

/**
 * How a connection gets its settings. `startup`: with the first message, which costs no round trip. `statement`: by a statement
 * once connected, behind a pooler that drops them from the first message. `transaction`: at the start of each transaction,
 * behind a pooler that gives each transaction another connection.
 */
export type SettingsBy = 'startup' | 'statement' | 'transaction'

/** How this process connects to a database. */
export interface ServerAccess {
  address: DatabaseAddress
  routes: Routes
  settings: Settings
  settingsBy: SettingsBy
}

/** @param name the application_name of the connection */
export function clientOptions(
  { address, routes, settings, settingsBy }: ServerAccess,
  route: Route,
  name: string,
) {
  const options = [address.options, settingsBy === 'startup' && asOptions(settings)].filter(Boolean)
  return {
    host: route.host,
    port: route.port,
    user: address.user,
    password: address.password,
    database: address.database,
    ssl: route.encryption,
    enableChannelBinding: address.channelBinding !== 'disable' && route.encryption !== false,
    options: options.join(' ') || undefined,
    application_name: name,
    connectionTimeoutMillis:
      address.connectTimeoutMs ??
      (routes.hasOthers(route) ? CONNECT_WITHIN_MS.oneOfSeveral : CONNECT_WITHIN_MS.onlyHost),
    keepAlive: true,
    keepAliveInitialDelayMillis: ANSWER_WITHIN_MS,
    // The server knows the same limit: none, or a little less.
    query_timeout: settings.statement_timeout === '0' ? undefined : ANSWER_WITHIN_MS,
  } satisfies ClientConfig
}
