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
