import fc from 'fast-check'
import type { EndpointState } from '../model/endpoint-state'
import type { ExpectedState } from '../model/expected-state'

/** Chooses an id: of a stored endpoint or event by index, of a deleted endpoint by index, or one that never existed. */
export type IdChoice = { stored: number } | { deleted: number } | { wrong: string }

const WRONG_IDS = [
  '0',
  '-1',
  '01',
  '+1',
  '1.0',
  '1e0',
  '0x1',
  'abc',
  '2147483647',
  '2147483648',
  '9007199254740993',
  '9223372036854775808',
  '999999999999999999999',
  ' 1',
  '１',
  "1' OR '1'='1",
  '1/2',
  '\0',
  '%',
  '..',
  'null',
  '__proto__',
  '🙂',
  'x'.repeat(5_000),
]

export const idChoice: fc.Arbitrary<IdChoice> = fc.oneof(
  { weight: 16, arbitrary: fc.record({ stored: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ deleted: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ wrong: fc.constantFrom(...WRONG_IDS) }) },
)

/** A database that starts empty never assigns this id during a test. */
const UNKNOWN_ID = '2147483646'

const itemAt = <Item>(items: Item[], index: number): Item | undefined =>
  items[index % Math.max(items.length, 1)]

/** @returns the id to send, and the endpoint when one with this id is stored */
export function chosenEndpoint(
  state: ExpectedState,
  choice: IdChoice,
): { id: string; endpoint?: EndpointState } {
  if ('wrong' in choice) return { id: choice.wrong }
  if ('deleted' in choice) return { id: itemAt(state.deletedIds, choice.deleted) ?? UNKNOWN_ID }
  const endpoint = itemAt([...state.endpoints.values()], choice.stored)
  return endpoint ? { id: endpoint.id, endpoint } : { id: UNKNOWN_ID }
}

/** @returns the id to send, and whether an event with this id is stored */
export function chosenEvent(state: ExpectedState, choice: IdChoice): { id: string; isStored: boolean } {
  if ('wrong' in choice) return { id: choice.wrong, isStored: false }
  const event = 'deleted' in choice ? undefined : itemAt(state.events, choice.stored)
  return event ? { id: event.id, isStored: true } : { id: UNKNOWN_ID, isStored: false }
}
