const key = 'hookgate.token'

/** The token that was typed in this browser tab; null = none. */
export function storedToken(): string | null {
  return sessionStorage.getItem(key)
}

/**
 * Stores a typed token until this browser tab is closed. An empty token is removed, so that a reload uses the token that the
 * gateway offers in development.
 */
export function storeToken(token: string): void {
  if (token) sessionStorage.setItem(key, token)
  else sessionStorage.removeItem(key)
}

/** The token without the rest of a pasted text: people copy the whole header, or a line break too. */
export function bareToken(text: string): string {
  return text.trim().replace(/^(authorization:\s*)?bearer\s+/i, '')
}

/** The admin token that a gateway in development offers to a browser on its own machine; null = none. */
export async function developmentToken(): Promise<string | null> {
  try {
    const response = await fetch('session', { signal: AbortSignal.timeout(3000) })
    const session: { token: string | null } = await response.json()
    return session.token
  } catch {
    return null
  }
}
