import { get, graphqlRead, graphqlUpdate, patch } from '../cases/requests/target'
import { deliveryRate, publishToReceive } from './deliveries'
import { publishing, publishingByGraphql, publishRate, requestRate } from './requests'
import type { PairedCase } from './side'
import { embeddedStart, postgresqlStart } from './start-up'

/** Every compared case by its name on the command line. The number is that of the connections. */
export const CASES: Record<string, PairedCase> = {
  'graphql-update-20': requestRate(graphqlUpdate, 20),
  'graphql-update-100': requestRate(graphqlUpdate, 100),
  'rest-patch-20': requestRate(patch, 20),
  'graphql-read-20': requestRate(graphqlRead, 20),
  'rest-get-20': requestRate(get, 20),
  'publish-20': publishRate(publishing),
  'graphql-publish-20': publishRate(publishingByGraphql),
  deliveries: deliveryRate,
  latency: publishToReceive,
  'start-embedded': embeddedStart,
  'start-postgresql': postgresqlStart,
}
