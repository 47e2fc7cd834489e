import type { EndpointFragment } from '../../src/generated/graphql/graphql'
import { endpointJson } from '../../src/http/rest/json'

/** The keys of an endpoint in the REST API, in their order. test/http/rest/json.test.ts lists them. */
export const REST_ENDPOINT_KEYS = Object.keys(endpointJson({ events: [] } as unknown as EndpointFragment))
