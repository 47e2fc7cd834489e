/** Removes something that a test started. May be called more than once. */
export type CleanUp = () => unknown

declare global {
  // Set by the test environment, which outlives the modules of a test file.
  var leftovers: Set<CleanUp> | undefined
}

/**
 * Registers a clean-up for the end of the test file, newest first: a failed test leaves things behind, and so does a run
 * that is aborted. After an abort only the part before the first `await` runs.
 *
 * @returns cancels the clean-up
 */
export function atEnd(cleanUp: CleanUp): () => void {
  const { leftovers } = globalThis
  if (!leftovers) throw new Error('The test environment is not test/support/environment.ts')
  leftovers.add(cleanUp)
  return () => leftovers.delete(cleanUp)
}
