/** The measured part of the gateway's schema. */
export const ENDPOINT_SCHEMA = `
  scalar DateTime

  type WebhookEndpointEvent { type: String! addedAt: DateTime! }

  type WebhookEndpoint {
    id: ID! createdAt: DateTime! updatedAt: DateTime! version: Int! isActive: Boolean! target: String!
    description: String! sslCertVerification: Boolean! disabledReason: String events: [WebhookEndpointEvent!]!
  }

  input WebhookEndpointEventInput { type: String! }

  input WebhookEndpointPatch {
    target: String events: [WebhookEndpointEventInput!] isActive: Boolean description: String sslCertVerification: Boolean
    expectedVersion: Int
  }

  type Query { webhookEndpoint(id: ID!): WebhookEndpoint }

  type Mutation { updateWebhookEndpoint(id: ID!, patch: WebhookEndpointPatch!): WebhookEndpoint! }
`
