import { setTimeout as sleep } from 'node:timers/promises'
import type { FinishedAttempt } from '../../../../src/delivery/queue/recording/record-attempts'
import { Recorder } from '../../../../src/delivery/queue/recording/recorder'

const attempt = (eventId: number) => ({ eventId: String(eventId), endpointId: 1 }) as FinishedAttempt
const idsOf = (attempts: FinishedAttempt[]) => attempts.map(({ eventId }) => Number(eventId))

const callbacks = {
  onRecorded: () => undefined,
  onUnavailable: () => undefined,
  onRejected: () => {
    throw new Error('An attempt was rejected')
  },
}

it('records an attempt without its answer when the database takes it only so', async () => {
  const recorded: FinishedAttempt[] = []
  const recorder = new Recorder({
    ...callbacks,
    async record(batch) {
      if (batch.some(({ responseBody }) => responseBody === 'poison'))
        throw new Error('invalid byte sequence')
      recorded.push(...batch)
    },
  })
  recorder.add({ ...attempt(1), responseBody: 'thanks', errorDetail: null })
  recorder.add({ ...attempt(2), responseBody: 'poison', errorDetail: 'The receiver answered 500.' })
  await recorder.drained()
  expect(recorded).toEqual([
    { ...attempt(1), responseBody: 'thanks', errorDetail: null },
    {
      ...attempt(2),
      responseBody: '',
      responseTruncated: true,
      errorDetail: 'The gateway could not store what the receiver answered.',
    },
  ])
})

it('gives up one attempt that the database rejects, and records all others', async () => {
  const recorded: number[] = []
  const reported: number[] = []
  const rejected: number[] = []
  const recorder = new Recorder({
    ...callbacks,
    async record(batch) {
      if (idsOf(batch).includes(7)) throw new Error('violates a constraint')
      recorded.push(...idsOf(batch))
    },
    onRecorded: (attempts) => reported.push(...idsOf(attempts)),
    onRejected: (_error, { eventId }) => rejected.push(Number(eventId)),
  })
  for (let id = 1; id <= 20; id += 1) recorder.add(attempt(id))
  await recorder.drained()
  expect(rejected).toEqual([7])
  expect(recorded.sort((a, b) => a - b)).toEqual([
    1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
  ])
  expect(reported).toEqual(recorded)
  expect(recorder.size).toBe(0)
})

it('sends attempts again while the database does not answer, and gives up none', async () => {
  const recorded: number[] = []
  let isUnavailable = true
  let failures = 0
  const recorder = new Recorder({
    ...callbacks,
    async record(batch) {
      if (isUnavailable) throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
      recorded.push(...idsOf(batch))
    },
    onUnavailable() {
      failures += 1
      if (failures === 2) isUnavailable = false
    },
  })
  recorder.add(attempt(1))
  await sleep(0)
  recorder.add(attempt(2))
  expect(recorder.size).toBe(2)
  await recorder.drained()
  expect(recorded).toEqual([1, 2])
})

it('reports each recorded batch when its size no longer counts the batch', async () => {
  const sizes: number[] = []
  const recorder = new Recorder({
    ...callbacks,
    record: async () => undefined,
    onRecorded: () => sizes.push(recorder.size),
  })
  // One batch takes 200.
  for (let id = 1; id <= 201; id += 1) recorder.add(attempt(id))
  await recorder.drained()
  expect(sizes).toEqual([1, 0])
})

it('writes large answers in batches of 1 MiB, and one that is larger alone', async () => {
  const batches: number[] = []
  const recorder = new Recorder({ ...callbacks, record: async (batch) => batches.push(batch.length) })
  const answers = [3_000_000, ...Array<number>(10).fill(300_000), 10]
  answers.forEach((length, id) => {
    recorder.add({ ...attempt(id), responseBody: 'x'.repeat(length) })
  })
  await recorder.drained()
  expect(batches).toEqual([1, 3, 3, 3, 2])
})
