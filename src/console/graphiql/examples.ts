/** One tab of the page: a document that runs as it stands, and the variables it starts with. */
export interface Example {
  /** The operation's name, which GraphiQL shows on the tab. */
  name: string
  /** Lines short enough for half a laptop's screen. */
  query: string
  /** JSON as the editor shows it; empty when the operation takes none. */
  variables: string
}

/**
 * The tabs a first visitor finds: one per operation, the one people come for first.
 * Plain data without a browser in it, so that a test can hold every document and its variables against the schema.
 * The targets name a receiver on this machine, which development allows and production refuses.
 */
export const examples: readonly Example[] = [
  {
    name: 'UpdateEndpoint',
    query: `# Changes what the patch names, keeps the rest.
# No endpoint yet? Run the next tab first.
mutation UpdateEndpoint(
  $id: ID!
  $patch: WebhookEndpointPatch!
) {
  updateWebhookEndpoint(id: $id, patch: $patch) {
    id
    version
    isActive
    target
    description
    events {
      type
      addedAt
    }
    updatedAt
  }
}
`,
    variables: `{
  "id": "1",
  "patch": {
    "target": "http://127.0.0.1:9999/hook",
    "events": [{ "type": "post.created" }]
  }
}
`,
  },
  {
    name: 'CreateEndpoint',
    query: `# Events of these types go to the target.
mutation CreateEndpoint(
  $input: WebhookEndpointInput!
) {
  createWebhookEndpoint(input: $input) {
    id
    isActive
    target
    description
    events {
      type
    }
    createdAt
  }
}
`,
    variables: `{
  "input": {
    "target": "http://127.0.0.1:9999/hook",
    "events": [{ "type": "post.created" }],
    "description": "My first endpoint"
  }
}
`,
  },
  {
    name: 'ListEndpoints',
    query: `# Newest first; leave out any variable.
query ListEndpoints(
  $filter: WebhookEndpointFilter
  $orderBy: WebhookEndpointOrder
  $limit: Int
  $offset: Int
) {
  webhookEndpoints(
    filter: $filter
    orderBy: $orderBy
    limit: $limit
    offset: $offset
  ) {
    totalCount
    nodes {
      id
      isActive
      target
      description
      events {
        type
      }
      updatedAt
    }
  }
}
`,
    variables: `{
  "filter": { "targetContains": "127.0.0.1" },
  "orderBy": "CREATED_AT_DESC",
  "limit": 20,
  "offset": 0
}
`,
  },
  {
    name: 'GetEndpoint',
    query: `# Null when no endpoint has this id.
query GetEndpoint($id: ID!) {
  webhookEndpoint(id: $id) {
    id
    version
    isActive
    target
    description
    events {
      type
      addedAt
    }
    sslCertVerification
    disabledReason
    createdAt
    updatedAt
  }
}
`,
    variables: `{
  "id": "1"
}
`,
  },
  {
    name: 'EventTypes',
    query: `# What an endpoint can subscribe to.
query EventTypes {
  webhookEventTypes {
    type
    group
    description
  }
}
`,
    variables: '',
  },
  {
    name: 'PublishEvent',
    query: `# Goes to every active endpoint that listens
# to this type.
mutation PublishEvent(
  $input: PublishWebhookEventInput!
) {
  publishWebhookEvent(input: $input) {
    id
    type
    createdAt
    data
    deliveries {
      endpoint {
        id
        target
      }
      status
    }
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
  },
  {
    name: 'GetEvent',
    query: `# Where an event went, and how far it has come.
query GetEvent($id: ID!) {
  webhookEvent(id: $id) {
    id
    type
    createdAt
    data
    deliveries {
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
`,
    variables: `{
  "id": "1"
}
`,
  },
  {
    name: 'ListAttempts',
    query: `# Newest first; leave out any variable but the id.
query ListAttempts(
  $endpointId: ID!
  $filter: WebhookAttemptFilter
  $orderBy: WebhookAttemptOrder
  $limit: Int
  $offset: Int
) {
  webhookAttempts(
    endpointId: $endpointId
    filter: $filter
    orderBy: $orderBy
    limit: $limit
    offset: $offset
  ) {
    totalCount
    nodes {
      id
      event {
        id
        type
      }
      number
      sentAt
      durationMs
      responseStatus
      error
      nextRetryAt
    }
  }
}
`,
    variables: `{
  "endpointId": "1",
  "filter": { "isSuccessful": false },
  "orderBy": "CREATED_AT_DESC",
  "limit": 20,
  "offset": 0
}
`,
  },
  {
    name: 'SendTestEvent',
    query: `# One sample event, at once, never retried.
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
  },
  {
    name: 'ResendEvents',
    query: `# All of them or none; answers how many.
mutation ResendEvents(
  $endpointId: ID!
  $eventIds: [ID!]!
) {
  resendWebhookEvents(
    endpointId: $endpointId
    eventIds: $eventIds
  )
}
`,
    variables: `{
  "endpointId": "1",
  "eventIds": ["1"]
}
`,
  },
  {
    name: 'RevealSecret',
    query: `# What receivers verify signatures with.
mutation RevealSecret(
  $id: ID!
  $password: String
) {
  revealWebhookEndpointSecret(
    id: $id
    password: $password
  )
}
`,
    variables: `{
  "id": "1"
}
`,
  },
  {
    name: 'ExpireSecret',
    query: `# Makes a new secret. The old one signs along
# for the overlap, then no more.
mutation ExpireSecret(
  $id: ID!
  $overlapSeconds: Int
) {
  expireWebhookEndpointSecret(
    id: $id
    overlapSeconds: $overlapSeconds
  ) {
    id
    version
  }
}
`,
    variables: `{
  "id": "1",
  "overlapSeconds": 86400
}
`,
  },
  {
    name: 'ReplaceEndpoint',
    query: `# Stores the input as the whole endpoint: what
# it leaves out goes back to its default.
mutation ReplaceEndpoint(
  $id: ID!
  $input: WebhookEndpointInput!
) {
  replaceWebhookEndpoint(id: $id, input: $input) {
    id
    version
    isActive
    target
    description
    events {
      type
      addedAt
    }
    sslCertVerification
    updatedAt
  }
}
`,
    variables: `{
  "id": "1",
  "input": {
    "target": "http://127.0.0.1:9999/hook",
    "events": [{ "type": "user.created" }]
  }
}
`,
  },
  {
    name: 'DeleteEndpoint',
    query: `# Also cancels what it was still to receive.
# There is no undo.
mutation DeleteEndpoint($id: ID!) {
  deleteWebhookEndpoint(id: $id)
}
`,
    variables: `{
  "id": "1"
}
`,
  },
]
