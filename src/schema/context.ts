import type { Caller } from '../auth/bearer-token'
import type { Attempt, Attempts } from '../delivery/log/attempts'
import type { Endpoints } from '../endpoints/endpoints'
import type { EventCatalogue } from '../endpoints/event-types/event-catalogue'
import type { Events } from '../events/events'
import type { SigningSecrets } from '../secrets/signing-secrets'

/** The core that resolvers hand their work to. */
export interface Core {
  endpoints: Endpoints
  catalogue: EventCatalogue
  events: Events
  attempts: Attempts
  secrets: SigningSecrets
  /** see delivery/resend.ts */
  resendEvents: (endpointId: string, eventIds: string[]) => Promise<number>
  /** see delivery/test-send.ts */
  sendTestEvent: (endpointId: string, type: string | null) => Promise<Attempt>
}

/** What every resolver and rule gets. Made anew for each request: graphql-shield keeps its cache in it. */
export interface Context extends Core {
  caller: Caller
}
