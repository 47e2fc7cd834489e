/** GraphQL documents for events, attempts and secrets. */
export const PUBLISH = `mutation Publish($input: PublishWebhookEventInput!) {
  publishWebhookEvent(input: $input) { event { id type createdAt data body isTest } deduplicated }
}`

export const EVENT = `query Event($id: ID!) {
  webhookEvent(id: $id) {
    id type createdAt data body isTest
    deliveries(first: 100) { nodes { id status attemptCount triesUsed nextRetryAt endpoint { id isActive disabledReason } } }
  }
}`

const WHOLE_ATTEMPT = `
  id createdAt sentAt number trigger outcome requestBody requestSignatureHeader responseStatus responseBody responseTruncated
  durationMs error errorDetail nextRetryAt event { id type createdAt }`

export const ATTEMPTS = `query Attempts(
  $id: ID!, $filter: WebhookAttemptFilter, $orderBy: WebhookAttemptOrder, $limit: Int, $offset: Int
) {
  webhookAttemptPage(endpointId: $id, filter: $filter, orderBy: $orderBy, limit: $limit, offset: $offset) {
    totalCount nodes {${WHOLE_ATTEMPT} }
  }
}`

export const RESEND = `mutation Resend($id: ID!, $eventIds: [ID!]!) {
  resendWebhookEvents(endpointId: $id, eventIds: $eventIds) { deliveries { id status attemptCount nextRetryAt } }
}`

export const SEND_TEST = `mutation SendTest($id: ID!, $type: String) {
  sendTestWebhookEvent(endpointId: $id, type: $type) {${WHOLE_ATTEMPT} }
}`

export const REVEAL = `mutation Reveal($id: ID!, $password: String) {
  revealWebhookEndpointSecret(id: $id, password: $password) { signingSecret createdAt overlapUntil }
}`

export const EXPIRE = `mutation Expire($id: ID!, $overlapSeconds: Int) {
  expireWebhookEndpointSecret(id: $id, overlapSeconds: $overlapSeconds) { id version }
}`
