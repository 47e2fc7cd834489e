/** Prints a measured figure, in addition to the assertions. */
export function report(line: string): void {
  process.stderr.write(`    ${line}\n`)
}
