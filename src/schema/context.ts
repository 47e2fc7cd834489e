import type { Caller } from '../auth/bearer-token'
import type { Core } from '../core'
import { Loaders } from './loaders'

/** The argument of every resolver and of every rule. */
export interface Context {
  core: Core
  caller: Caller
  /** the body of the request; undefined = no HTTP request by POST, see written-json.ts */
  requestText: string | undefined
  loaders: Loaders
}

/** Creates the context of one request. Requests must not share one: graphql-shield caches its decisions in the context. */
export const createContext = (core: Core, caller: Caller, requestText?: string): Context => ({
  core,
  caller,
  requestText,
  loaders: new Loaders(core),
})
