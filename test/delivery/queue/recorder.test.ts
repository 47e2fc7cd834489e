import { setTimeout as sleep } from 'node:timers/promises'
import type { Outcome } from '../../../src/delivery/queue/record-attempts'
import { Recorder } from '../../../src/delivery/queue/recorder'

const outcome = (deliveryId: number) => ({ deliveryId: String(deliveryId) }) as Outcome
const idsOf = (outcomes: Outcome[]) => outcomes.map(({ deliveryId }) => Number(deliveryId))

const nothingElse = {
  onRoom: () => undefined,
  onFailure: () => undefined,
  onRefused: () => {
    throw new Error('nothing is refused here')
  },
}

it('gives up one outcome that the database refuses, and records all others', async () => {
  const recorded: number[] = []
  const refused: number[] = []
  const recorder = new Recorder({
    ...nothingElse,
    async record(batch) {
      if (idsOf(batch).includes(7)) throw new Error('violates a constraint')
      recorded.push(...idsOf(batch))
    },
    onRefused: (_error, { deliveryId }) => refused.push(Number(deliveryId)),
  })
  for (let id = 1; id <= 20; id += 1) recorder.add(outcome(id))
  await recorder.drained()
  expect(refused).toEqual([7])
  expect(recorded.sort((a, b) => a - b)).toEqual([
    1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
  ])
  expect(recorder.size).toBe(0)
})

it('offers outcomes again for as long as the database is away, and gives up none', async () => {
  const recorded: number[] = []
  let isAway = true
  let failures = 0
  const recorder = new Recorder({
    ...nothingElse,
    async record(batch) {
      if (isAway) throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
      recorded.push(...idsOf(batch))
    },
    onFailure() {
      failures += 1
      if (failures === 2) isAway = false
    },
  })
  recorder.add(outcome(1))
  await sleep(0)
  recorder.add(outcome(2))
  expect(recorder.deliveryIds().sort()).toEqual([1n, 2n])
  await recorder.drained()
  expect(recorded).toEqual([1, 2])
})

it('tells of room when there is some, not before', async () => {
  const sizes: number[] = []
  const recorder = new Recorder({
    ...nothingElse,
    record: async () => undefined,
    onRoom: () => sizes.push(recorder.size),
  })
  // One batch takes 200.
  for (let id = 1; id <= 201; id += 1) recorder.add(outcome(id))
  await recorder.drained()
  expect(sizes).toEqual([1, 0])
})
