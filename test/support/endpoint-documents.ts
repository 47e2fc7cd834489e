const WHOLE_ENDPOINT = `
  id createdAt updatedAt version isActive target description sslCertVerification disabledReason disabledAt
  events { type addedAt }`

/** GraphQL documents that select every field of the endpoint. */
export const GET = `query Get($id: ID!) {
  webhookEndpoint(id: $id) {${WHOLE_ENDPOINT} }
}`

export const LIST = `query List {
  webhookEndpoints(orderBy: CREATED_AT_ASC, limit: 100) { totalCount nodes {${WHOLE_ENDPOINT} } }
}`

export const CREATE = `mutation Create($input: WebhookEndpointInput!) {
  createWebhookEndpoint(input: $input) {${WHOLE_ENDPOINT} }
}`

export const UPDATE = `mutation Update($id: ID!, $patch: WebhookEndpointPatch!) {
  updateWebhookEndpoint(id: $id, patch: $patch) {${WHOLE_ENDPOINT} }
}`

export const REPLACE = `mutation Replace($id: ID!, $input: WebhookEndpointInput!, $expectedVersion: Int) {
  replaceWebhookEndpoint(id: $id, input: $input, expectedVersion: $expectedVersion) {${WHOLE_ENDPOINT} }
}`

export const DELETE = `mutation Delete($id: ID!, $expectedVersion: Int) {
  deleteWebhookEndpoint(id: $id, expectedVersion: $expectedVersion) { id }
}`

export const EVENT_TYPES = 'query EventTypes { webhookEventTypes { type group description sentOnlyIf } }'
