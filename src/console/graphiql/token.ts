const key = 'hookgate.token'

/** The token typed earlier in this browser tab; null when none was. */
export function rememberedToken(): string | null {
  return sessionStorage.getItem(key)
}

/**
 * Keeps a typed token until this browser tab is closed. An emptied field is forgotten, so that a reload
 * goes back to the token the gateway offers in development.
 */
export function rememberToken(token: string): void {
  if (token) sessionStorage.setItem(key, token)
  else sessionStorage.removeItem(key)
}

/** The token alone, however it was copied: people paste the whole header, or a line break with it. */
export function bareToken(text: string): string {
  return text.trim().replace(/^(authorization:\s*)?bearer\s+/i, '')
}

/** The admin token a gateway in development offers to a browser on its own machine; null from any other. */
export async function developmentToken(): Promise<string | null> {
  try {
    const response = await fetch('/graphiql/session', { signal: AbortSignal.timeout(3000) })
    const session: { token: string | null } = await response.json()
    return session.token
  } catch {
    return null
  }
}
