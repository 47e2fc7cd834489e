import type { Problem } from '../failure'
import { validateText } from '../validate-text'
import type { EndpointInput, EndpointPatch } from './endpoint'
import type { EventCatalogue } from './event-types/event-catalogue'
import type { ValidateTarget } from './targets/target-policy'

export const DESCRIPTION_MAX_LENGTH = 10_000

/** The rules of the operator: targets and event types that endpoints may have. */
export interface EndpointRules {
  validateTarget: ValidateTarget
  catalogue: EventCatalogue
}

/**
 * Validates every field that a patch or an input gives.
 *
 * @param argument the name of the GraphQL argument; the first element of every problem's path
 * @returns every problem, in the order of the checks; empty = valid
 */
export function validateEndpoint(
  given: EndpointPatch | EndpointInput,
  argument: 'patch' | 'input',
  { validateTarget, catalogue }: EndpointRules,
): Problem[] {
  const problems: Problem[] = []
  // Null is never stored. A null description means the empty one.
  for (const [field, value] of Object.entries(given)) {
    if (value === null && field !== 'description') problems.push(nullNotAllowed([argument, field]))
  }
  if (given.target != null) problems.push(...validateTarget(given.target, [argument, 'target']))
  if (given.events != null) {
    const path = [argument, 'events']
    if (given.events.length === 0)
      problems.push({ path, code: 'EMPTY', message: 'At least one event type is needed.' })
    problems.push(...validateEventTypes(given.events, path, catalogue))
  }
  problems.push(...validateAddedAndRemoved(given, argument, catalogue))
  if (given.description != null)
    problems.push(...validateDescription(given.description, [argument, 'description']))
  return problems
}

function validateEventTypes(
  events: { type: string }[],
  path: Problem['path'],
  catalogue: EventCatalogue,
): Problem[] {
  return events.flatMap(({ type }, index): Problem[] => {
    if (catalogue.has(type)) return []
    const message = `There is no event type ${JSON.stringify(shorten(type))}.`
    return [{ path: [...path, index, 'type'], code: 'UNKNOWN_EVENT_TYPE', message }]
  })
}

/** The types to add must be in the catalogue. A type to remove may have left it. */
function validateAddedAndRemoved(
  { events, addEvents, removeEvents }: EndpointPatch,
  argument: string,
  catalogue: EventCatalogue,
): Problem[] {
  const added = new Set(addEvents?.map(({ type }) => type))
  const lists = { addEvents, removeEvents }
  return [
    ...Object.entries(lists).flatMap(([field, list]): Problem[] => {
      if (events == null || list == null) return []
      return [{ path: [argument, field], code: 'EXCLUSIVE', message: `Give either events or ${field}.` }]
    }),
    ...validateEventTypes(addEvents ?? [], [argument, 'addEvents'], catalogue),
    ...(removeEvents ?? []).flatMap(({ type }, index): Problem[] => {
      const path = [argument, 'removeEvents', index, 'type']
      if (!added.has(type)) return validateText(type, path)
      return [
        { path, code: 'EXCLUSIVE', message: `${JSON.stringify(shorten(type))} is to be added as well.` },
      ]
    }),
  ]
}

function validateDescription(description: string, path: Problem['path']): Problem[] {
  const problems = validateText(description, path)
  if (description.length > DESCRIPTION_MAX_LENGTH) {
    const message = `The description has ${description.length} characters; at most ${DESCRIPTION_MAX_LENGTH} are allowed.`
    problems.push({ path, code: 'TOO_LONG', message })
  }
  return problems
}

function nullNotAllowed(path: Problem['path']): Problem {
  return { path, code: 'NULL_NOT_ALLOWED', message: 'This must not be null: leave it out instead.' }
}

const shorten = (text: string) => (text.length > 100 ? `${text.slice(0, 100)}...` : text)
