import { endpointNotFound, Failure, type Problem, throwProblems } from '../failure'
import { parseEndpointId } from '../identifiers'
import { snakeCase } from '../snake-case'
import {
  type Endpoint,
  type EndpointInput,
  type EndpointPatch,
  type EndpointsCore,
  eventTypesOf,
  fromJson,
  writableFields,
} from './endpoint'
import { validateEndpoint } from './validate-endpoint'

/**
 * Changes the fields that the patch gives and no other. The SQL function in update-endpoint.sql beside this file does the
 * work: lock, event types, version, merge, no-op, write.
 *
 * @param id as the caller sent it
 * @throws Failure `validation_failed`, `not_found`, `version_conflict` (with `current`, the stored endpoint)
 */
export async function updateEndpoint(
  core: EndpointsCore,
  id: string,
  patch: EndpointPatch,
): Promise<Endpoint> {
  throwProblems(validateEndpoint(patch, 'patch', core))
  return change(core, id, patch, patch.expectedVersion)
}

/**
 * Replaces every field of the stored endpoint. The endpoint keeps its id, its secrets, and the `addedAt` of event types
 * that stay.
 *
 * @throws Failure as updateEndpoint
 */
export async function replaceEndpoint(
  core: EndpointsCore,
  id: string,
  input: EndpointInput,
  expectedVersion?: number | null,
): Promise<Endpoint> {
  throwProblems(validateEndpoint(input, 'input', core))
  return change(core, id, input, expectedVersion)
}

const EMPTIED: Problem = {
  path: ['patch', 'removeEvents'],
  code: 'EMPTY',
  message: 'At least one event type must be left.',
}

async function change(
  { changeEndpoint, notifyWorkers }: EndpointsCore,
  id: string,
  given: EndpointPatch,
  expectedVersion: number | null | undefined,
): Promise<Endpoint> {
  const endpointId = parseEndpointId(id)
  if (endpointId === undefined) throw endpointNotFound(id)
  const result = await changeEndpoint({
    endpointId,
    patch: byColumn(writableFields(given)),
    eventTypes: eventTypesOf(given.events),
    addTypes: eventTypesOf(given.addEvents),
    removeTypes: eventTypesOf(given.removeEvents),
    expectedVersion: expectedVersion ?? undefined,
  })
  if (!result) throw endpointNotFound(id)
  if (result.outcome === 'emptied') throwProblems([EMPTIED])
  const endpoint = fromJson(result.endpoint)
  if (result.outcome === 'conflict') throw versionConflict(endpoint)
  // Switching an endpoint on makes deliveries due, and so may another target. The condition is also true for a change that repeats
  // a stored value: then the workers find nothing new.
  const mayBeDue = given.isActive || given.target !== undefined
  if (result.outcome === 'changed' && mayBeDue) notifyWorkers()
  return endpoint
}

/** The given fields by the names of their columns. */
function byColumn(fields: Record<string, unknown>): Record<string, unknown> {
  const columns: Record<string, unknown> = {}
  for (const name in fields) if (fields[name] !== undefined) columns[snakeCase(name)] = fields[name]
  return columns
}

export const versionConflict = (current: Endpoint) =>
  new Failure('version_conflict', `The webhook endpoint has changed: version ${current.version} is stored.`, {
    current,
  })
