/** A time limit that can be paused. */
export class Deadline {
  #timer: NodeJS.Timeout | undefined
  #runningSince = 0
  #leftMs: number
  /** for how long it was paused, in milliseconds */
  pausedMs = 0

  constructor(
    ms: number,
    private readonly onPassed: () => void,
  ) {
    this.#leftMs = ms
    this.#run()
  }

  pause(): void {
    clearTimeout(this.#timer)
    const now = performance.now()
    this.#leftMs -= now - this.#runningSince
    this.#runningSince = now
  }

  resume(): void {
    this.pausedMs += performance.now() - this.#runningSince
    this.#run()
  }

  clear(): void {
    clearTimeout(this.#timer)
  }

  #run(): void {
    this.#runningSince = performance.now()
    // After a busy moment an answer may be waiting in the socket: setImmediate lets it be read first.
    this.#timer = setTimeout(() => setImmediate(this.onPassed), Math.max(0, this.#leftMs))
  }
}
