import type { Example } from './example'

export const listAttempts: Example = {
  name: 'ListAttempts',
  query: `# Newest first; leave out any variable.
query ListAttempts(
  $filter: WebhookAttemptFilter
  $first: Int
  $after: String
) {
  webhookAttempts(
    filter: $filter
    first: $first
    after: $after
  ) {
    totalCount
    nodes {
      id
      event {
        id
        type
      }
      number
      trigger
      outcome
      sentAt
      durationMs
      responseStatus
      error
      nextRetryAt
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  variables: `{
  "filter": {
    "endpointId": "1",
    "outcome": ["FAILED", "BUSY"]
  },
  "first": 20
}
`,
}

export const getAttempt: Example = {
  name: 'GetAttempt',
  query: `# One send with its request and its result.
query GetAttempt($id: ID!) {
  webhookAttempt(id: $id) {
    number
    trigger
    outcome
    requestBody
    requestSignatureHeader
    responseStatus
    responseBody
    errorDetail
    delivery {
      id
      status
      triesUsed
    }
  }
}
`,
  variables: `{
  "id": "1"
}
`,
}

export const listDeliveries: Example = {
  name: 'ListDeliveries',
  query: `# Newest first; leave out any variable.
query ListDeliveries(
  $filter: WebhookDeliveryFilter
  $first: Int
  $after: String
) {
  webhookDeliveries(
    filter: $filter
    first: $first
    after: $after
  ) {
    nodes {
      id
      status
      event {
        id
        type
      }
      endpoint {
        id
        target
      }
      attemptCount
      nextRetryAt
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  variables: `{
  "filter": { "status": ["PENDING", "FAILED"] },
  "first": 20
}
`,
}

export const getDelivery: Example = {
  name: 'GetDelivery',
  query: `# The id is that of the event and of the endpoint.
query GetDelivery($id: ID!) {
  webhookDelivery(id: $id) {
    status
    attemptCount
    triesUsed
    nextRetryAt
    attempts {
      nodes {
        id
        outcome
        responseStatus
        errorDetail
      }
    }
  }
}
`,
  variables: `{
  "id": "1-1"
}
`,
}

export const attemptPage: Example = {
  name: 'AttemptPage',
  query: `# Any order, with the number of all pages.
query AttemptPage(
  $endpointId: ID!
  $orderBy: WebhookAttemptOrder
  $limit: Int
  $offset: Int
) {
  webhookAttemptPage(
    endpointId: $endpointId
    orderBy: $orderBy
    limit: $limit
    offset: $offset
  ) {
    totalCount
    nodes {
      id
      sentAt
      responseStatus
      nextRetryAt
    }
  }
}
`,
  variables: `{
  "endpointId": "1",
  "orderBy": "NEXT_RETRY_ASC",
  "limit": 20,
  "offset": 0
}
`,
}
