import type { EndpointInput } from '../../src/endpoints/endpoint'

/** A value for each writable field of an endpoint, other than the default. The compiler reports a field without a sample. */
export const ENDPOINT_SAMPLE = {
  target: 'https://example.com/sample',
  events: [{ type: 'user.created' }],
  isActive: false,
  description: 'a sample',
  sslCertVerification: false,
} satisfies Record<keyof EndpointInput, unknown>
