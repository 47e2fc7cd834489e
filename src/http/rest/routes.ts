import { endpointRoutes } from './endpoint-routes'
import { eventRoutes } from './event-routes'
import type { Route } from './plugin'

/** The documented API. */
export const routes: Route[] = [...endpointRoutes, ...eventRoutes]
