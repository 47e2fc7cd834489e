import { delayReporter } from '../../src/retention/delay-reporter'

const HOUR_S = 3_600

it('A removal of old events that is delayed is reported after an hour and each hour, with the processes that delay it', async () => {
  const logged: unknown[] = []
  const report = delayReporter(async () => [4711], {
    warn: (fields: unknown) => logged.push(fields),
  } as never)
  const delayed = (hours: number) =>
    report({
      emptied: [],
      delayed: { firstEventId: 250_000n, endEventId: 500_000n, overdueS: hours * HOUR_S },
    })
  const entry = (overdueHours: number) => ({ firstEventId: '250000', overdueHours, usedBy: [4711] })
  await delayed(0.9)
  expect(logged.splice(0)).toEqual([])
  await delayed(1.1)
  await delayed(1.9)
  expect(logged.splice(0)).toEqual([entry(1)])
  await delayed(2.2)
  expect(logged.splice(0)).toEqual([entry(2)])
  await report({ emptied: [250_000n], delayed: undefined })
  await delayed(0.5)
  await delayed(1)
  expect(logged).toEqual([entry(1)])
})
