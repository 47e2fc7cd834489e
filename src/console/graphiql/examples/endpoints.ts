import type { Example } from './example'

export const updateEndpoint: Example = {
  name: 'UpdateEndpoint',
  query: `# Changes the fields of the patch, keeps the rest.
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
}

export const createEndpoint: Example = {
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
}

export const listEndpoints: Example = {
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
}

export const getEndpoint: Example = {
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
}

export const eventTypes: Example = {
  name: 'EventTypes',
  query: `# The event types an endpoint can listen to.
query EventTypes {
  webhookEventTypes {
    type
    group
    description
  }
}
`,
  variables: '',
}

export const replaceEndpoint: Example = {
  name: 'ReplaceEndpoint',
  query: `# Replaces every field. A field that is left
# out gets its default value.
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
}

export const deleteEndpoint: Example = {
  name: 'DeleteEndpoint',
  query: `# Also cancels its pending deliveries.
# There is no undo.
mutation DeleteEndpoint($id: ID!) {
  deleteWebhookEndpoint(id: $id) {
    id
  }
}
`,
  variables: `{
  "id": "1"
}
`,
}
