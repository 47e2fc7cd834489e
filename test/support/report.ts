/** Tells a figure that was measured, beside what was merely asserted. */
export function report(line: string): void {
  process.stderr.write(`    ${line}\n`)
}
