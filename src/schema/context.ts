import type { Caller } from '../auth/bearer-token'
import type { Core } from '../core'

/** What every resolver and rule gets, made anew for each request: graphql-shield keeps its cache in the context. */
export interface Context extends Core {
  caller: Caller
}
