import fc from 'fast-check'
import type { WireAnswer, WireRequest } from '../wire'
import type { EndpointState } from './endpoint-state'
import type { World } from './world'

/** A request that is ready to be sent, and what its answer must be. */
export interface Planned {
  request: WireRequest
  /** Checks the answer and notes in the world what has changed. */
  check(answer: WireAnswer): void
  /** An endpoint that is read back afterwards, by REST and GraphQL. */
  touched?: string
  /** Its effect is not predicted: everything is read again afterwards. */
  isWild?: boolean
}

/** A kind of request: its input, and the request that the input becomes in the present state of the world. */
export interface Action<Input = unknown> {
  name: string
  /** how often, compared to others */
  weight: number
  input: fc.Arbitrary<Input>
  plan(world: World, input: Input): Planned
}

/** One action and its input: plain data, so that fast-check can print and shrink it. */
export interface Step {
  action: string
  input: unknown
}

/** Drops the type of the input: only the action itself reads it. */
export const action = <Input>(made: Action<Input>): Action => made as unknown as Action

export const stepOf = (actions: Action[]): fc.Arbitrary<Step> =>
  fc.oneof(
    ...actions.map(({ name, weight, input }) => ({
      weight,
      arbitrary: fc.record({ action: fc.constant(name), input }),
    })),
  )

/** Names an endpoint or event: one of the world by its place, a deleted one, or an id that never existed. */
export type Ref = { place: number } | { gone: number } | { odd: string }

const ODD_IDS = [
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

export const ref: fc.Arbitrary<Ref> = fc.oneof(
  { weight: 16, arbitrary: fc.record({ place: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ gone: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ odd: fc.constantFrom(...ODD_IDS) }) },
)

/** Larger than any id in the database of a test, which is empty at first. */
const UNKNOWN_ID = '2147483646'

const pick = <Item>(items: Item[], place: number): Item | undefined =>
  items[place % Math.max(items.length, 1)]

/** @returns the id to send, and the endpoint that has it */
export function endpointAt(world: World, which: Ref): { id: string; state?: EndpointState } {
  if ('odd' in which) return { id: which.odd }
  if ('gone' in which) return { id: pick(world.deleted, which.gone) ?? UNKNOWN_ID }
  const state = pick([...world.endpoints.values()], which.place)
  return state ? { id: state.id, state } : { id: UNKNOWN_ID }
}

/** @returns the id to send, and whether there is such an event */
export function eventAt(world: World, which: Ref): { id: string; isKnown: boolean } {
  if ('odd' in which) return { id: which.odd, isKnown: false }
  const event = 'gone' in which ? undefined : pick(world.events, which.place)
  return event ? { id: event.id, isKnown: true } : { id: UNKNOWN_ID, isKnown: false }
}
