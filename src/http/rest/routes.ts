import type { Route } from './door'
import { endpointRoutes } from './endpoint-routes'
import { eventRoutes } from './event-routes'

/** The documented API. */
export const routes: Route[] = [...endpointRoutes, ...eventRoutes]
