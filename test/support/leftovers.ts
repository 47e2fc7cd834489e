/** Removes what a test started; may be told more than once. */
export type CleanUp = () => unknown

declare global {
  // Handed over by the test environment, which outlives the modules of a test file.
  var leftovers: Set<CleanUp> | undefined
}

/**
 * Removes something when the test file is over, latest first, be it because a test failed before it could do so itself
 * or because the run was broken off. What a clean-up does before its first `await` happens in both cases.
 *
 * @returns forgets it again: it was removed in time
 */
export function atEnd(cleanUp: CleanUp): () => void {
  const { leftovers } = globalThis
  if (!leftovers) throw new Error('The test environment is not test/support/environment.ts')
  leftovers.add(cleanUp)
  return () => leftovers.delete(cleanUp)
}
