import type { Caller } from '../auth/bearer-token'
import type { Endpoints } from '../endpoints/endpoints'
import type { EventCatalogue } from '../endpoints/event-catalogue'

/** The core that resolvers hand their work to. */
export interface Core {
  endpoints: Endpoints
  catalogue: EventCatalogue
}

/** What every resolver and rule gets. Made anew for each request: graphql-shield keeps its cache in it. */
export interface Context extends Core {
  caller: Caller
}
