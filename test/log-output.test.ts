import { Writable } from 'node:stream'
import { logOutput } from '../src/log-output'

/** A pipe whose reader the test holds. */
class Pipe extends Writable {
  readonly read: string[] = []
  isRead = true
  #waiting: (() => void)[] = []

  constructor() {
    super({ decodeStrings: false, highWaterMark: 16 })
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    const take = () => {
      this.read.push(chunk)
      done()
    }
    if (this.isRead) take()
    else this.#waiting.push(take)
  }

  resumeReading(): void {
    this.isRead = true
    for (const take of this.#waiting.splice(0)) take()
  }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))
const LINE = `${'x'.repeat(1023)}\n`

describe('the output of the log', () => {
  it('writes the lines of one turn of the event loop together, in order', async () => {
    const pipe = new Pipe()
    const output = logOutput(pipe)
    output.write('one\n')
    output.write('two\n')
    expect(pipe.read).toEqual([])
    await nextTurn()
    expect(pipe.read).toEqual(['one\ntwo\n'])
  })

  it('drops lines beyond a mebibyte that nobody reads, and counts them once the reader is back', async () => {
    const pipe = new Pipe()
    pipe.isRead = false
    const output = logOutput(pipe)
    for (let nth = 0; nth < 1500; nth += 1) {
      output.write(LINE)
      if (nth % 100 === 0) await nextTurn()
    }
    await nextTurn()
    expect(pipe.writableLength).toBeLessThan(2 ** 20 + 2 * LINE.length)
    pipe.resumeReading()
    await nextTurn()
    output.write('after\n')
    await nextTurn()
    const lines = pipe.read.join('').trimEnd().split('\n')
    const note = JSON.parse(lines.at(-2) ?? '')
    expect(note).toMatchObject({ level: 40, msg: 'the log was not read: lines were dropped' })
    expect(lines.filter((line) => line.startsWith('x')).length + note.dropped).toBe(1500)
    expect(lines.at(-1)).toBe('after')
  })

  it('stays silent once its reader has closed the pipe', async () => {
    const pipe = new Pipe()
    pipe.destroy = () => pipe
    const write = jest.spyOn(pipe, 'write')
    const output = logOutput(pipe)
    pipe.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    output.write('one\n')
    await nextTurn()
    await output.drain(60_000)
    expect(write).not.toHaveBeenCalled()
  })

  it('continues after another error, such as a full disk', async () => {
    const pipe = new Pipe()
    const output = logOutput(pipe)
    pipe.emit('error', Object.assign(new Error('no space left'), { code: 'ENOSPC' }))
    output.write('one\n')
    await nextTurn()
    expect(pipe.read).toEqual(['one\n'])
  })

  it('drains: every line has been read', async () => {
    const pipe = new Pipe()
    pipe.isRead = false
    const output = logOutput(pipe)
    output.write('last\n')
    const drained = output.drain(60_000)
    pipe.resumeReading()
    await drained
    expect(pipe.read.join('')).toBe('last\n')
  })

  it('does not wait for a reader that does not read', async () => {
    const pipe = new Pipe()
    pipe.isRead = false
    const output = logOutput(pipe)
    output.write('last\n')
    await output.drain(10)
    expect(pipe.read).toEqual([])
  })
})
