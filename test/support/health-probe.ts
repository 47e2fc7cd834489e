import { spawnChild } from './child'

/** Requests the health again and again until a line arrives, then prints the longest time of an answer in ms. */
const PROGRAM = `
  let slowest = 0
  let isEnded = false
  process.stdin.once('data', () => { isEnded = true })
  const probe = async () => {
    const startedAt = performance.now()
    const response = await fetch(process.argv[1])
    await response.text()
    if (response.status !== 200) throw new Error('status ' + response.status)
    slowest = Math.max(slowest, performance.now() - startedAt)
    if (isEnded) {
      console.log(slowest)
      process.exit()
    }
    setTimeout(probe, 20)
  }
  probe()
`

/** Probes `/healthz` of a gateway from a process of its own: the test's own work would count otherwise. */
export function probeHealth(gatewayUrl: string): { end(): Promise<number> } {
  const child = spawnChild(process.execPath, ['-e', PROGRAM, `${gatewayUrl}/healthz`])
  return {
    /** Ends the probes, and returns the longest time of an answer in ms. Throws when a probe failed. */
    async end() {
      child.writeLine('end')
      return Number(await child.readLine())
    },
  }
}
