import type { Example } from './example'

export const publishEvent: Example = {
  name: 'PublishEvent',
  query: `# Goes to every active endpoint that listens
# to this type.
mutation PublishEvent(
  $input: PublishWebhookEventInput!
) {
  publishWebhookEvent(input: $input) {
    event {
      id
      type
      createdAt
      data
      deliveries {
        nodes {
          endpoint {
            id
            target
          }
          status
        }
      }
    }
    deduplicated
  }
}
`,
  variables: `{
  "input": {
    "type": "post.created",
    "data": { "id": 7, "text": "Hello" },
    "idempotencyKey": "post-7-created"
  }
}
`,
}

export const getEvent: Example = {
  name: 'GetEvent',
  query: `# An event with the state of its deliveries.
query GetEvent($id: ID!) {
  webhookEvent(id: $id) {
    id
    type
    createdAt
    data
    deliveries {
      nodes {
        endpoint {
          id
          target
        }
        status
        attemptCount
        nextRetryAt
      }
    }
  }
}
`,
  variables: `{
  "id": "1"
}
`,
}

export const listEvents: Example = {
  name: 'ListEvents',
  query: `# Newest first; leave out any variable.
query ListEvents(
  $filter: WebhookEventFilter
  $first: Int
  $after: String
) {
  webhookEvents(
    filter: $filter
    first: $first
    after: $after
  ) {
    nodes {
      id
      type
      createdAt
      fannedOutAt
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  variables: `{
  "filter": { "isTest": false },
  "first": 20
}
`,
}

export const sendTestEvent: Example = {
  name: 'SendTestEvent',
  query: `# Sends one sample event, without retries.
mutation SendTestEvent(
  $endpointId: ID!
  $type: String
) {
  sendTestWebhookEvent(
    endpointId: $endpointId
    type: $type
  ) {
    sentAt
    durationMs
    responseStatus
    responseBody
    error
    requestBody
    requestSignatureHeader
  }
}
`,
  variables: `{
  "endpointId": "1",
  "type": "post.created"
}
`,
}

export const resendEvents: Example = {
  name: 'ResendEvents',
  query: `# All of them or none.
mutation ResendEvents(
  $endpointId: ID!
  $eventIds: [ID!]!
) {
  resendWebhookEvents(
    endpointId: $endpointId
    eventIds: $eventIds
  ) {
    deliveries {
      id
      status
      attemptCount
    }
  }
}
`,
  variables: `{
  "endpointId": "1",
  "eventIds": ["1"]
}
`,
}
