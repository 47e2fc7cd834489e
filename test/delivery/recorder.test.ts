import { setTimeout as sleep } from 'node:timers/promises'
import type { Outcome } from '../../src/delivery/outcomes'
import { Recorder } from '../../src/delivery/recorder'

const outcome = (deliveryId: number) => ({ deliveryId: String(deliveryId) }) as Outcome
const idsOf = (outcomes: Outcome[]) => outcomes.map(({ deliveryId }) => Number(deliveryId))

it('gives up one outcome that the database refuses, and records all others', async () => {
  const recorded: number[] = []
  const refused: number[] = []
  const recorder = new Recorder(
    async (batch) => {
      if (idsOf(batch).includes(7)) throw new Error('violates a constraint')
      recorded.push(...idsOf(batch))
    },
    () => undefined,
    (_error, { deliveryId }) => refused.push(Number(deliveryId)),
  )
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
  const recorder = new Recorder(
    async (batch) => {
      if (isAway) throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
      recorded.push(...idsOf(batch))
    },
    () => {
      failures += 1
      if (failures === 2) isAway = false
    },
    () => {
      throw new Error('nothing is refused here')
    },
  )
  recorder.add(outcome(1))
  await sleep(0)
  recorder.add(outcome(2))
  expect(recorder.deliveryIds().sort()).toEqual([1n, 2n])
  await recorder.drained()
  expect(recorded).toEqual([1, 2])
})
