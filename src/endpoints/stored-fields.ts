import type { EndpointInput, EndpointPatch } from './endpoint'

/** The fields of an endpoint that a caller may write and that have a column of their own. */
type StoredFields = { [Field in Exclude<keyof EndpointInput, 'events'>]: EndpointInput[Field] | undefined }

/** What a validated input or patch writes; undefined = the caller did not give the field. */
export const storedFields = (given: EndpointPatch | EndpointInput) =>
  ({
    target: given.target ?? undefined,
    // Null means the empty description. Validation lets no other null pass.
    description: given.description === null ? '' : given.description,
    isActive: given.isActive ?? undefined,
    sslCertVerification: given.sslCertVerification ?? undefined,
  }) satisfies StoredFields

/** The set of event types that is given; undefined = none is. */
export const eventTypesOf = ({ events }: EndpointPatch | EndpointInput): string[] | undefined =>
  events ? [...new Set(events.map(({ type }) => type))] : undefined
