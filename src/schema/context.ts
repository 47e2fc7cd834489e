import type { Caller } from '../auth/bearer-token'
import type { Core } from '../core'
import { createLoaders, type Loaders } from './loaders'

/** The argument of every resolver and of every rule. */
export interface Context {
  core: Core
  caller: Caller
  loaders: Loaders
}

/** Creates the context of one request. Requests must not share one: graphql-shield caches its decisions in the context. */
export const createContext = (core: Core, caller: Caller): Context => ({
  core,
  caller,
  loaders: createLoaders(core),
})
