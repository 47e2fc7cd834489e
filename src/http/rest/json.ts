import type { EndpointFragment } from '../../generated/graphql/graphql'

/** An endpoint as the REST API documents it. Instants are RFC 3339 in UTC once printed. */
export const endpointJson = (endpoint: EndpointFragment) => ({
  id: Number(endpoint.id),
  created_at: endpoint.createdAt,
  updated_at: endpoint.updatedAt,
  is_active: endpoint.isActive,
  target: endpoint.target,
  description: endpoint.description,
  events: endpoint.events.map(({ type, addedAt }) => ({ type, added_at: addedAt })),
  ssl_cert_verification: endpoint.sslCertVerification,
})

/** `isActive` in the schema is `is_active` in the REST API. */
export const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
