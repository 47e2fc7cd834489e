const key = 'hookgate.token'

/** The token of this browser tab; empty = none. */
export const storedToken = (): string => sessionStorage.getItem(key) ?? ''

/** Stores a token until this browser tab is closed. */
export function storeToken(token: string): void {
  if (token) sessionStorage.setItem(key, token)
  else sessionStorage.removeItem(key)
}

/** The token without the rest of a pasted text: people copy the whole header, or a line break too. */
export function bareToken(text: string): string {
  return text.trim().replace(/^(authorization:\s*)?bearer\s+/i, '')
}

/**
 * Takes the code of the link that the gateway prints in development (`#code=...`) out of the address, so that it is neither
 * in the history nor in a copied address; null = the address has none.
 */
export function takeCode(): string | null {
  const code = new URLSearchParams(location.hash.slice(1)).get('code')
  if (code !== null) history.replaceState(history.state, '', location.pathname + location.search)
  return code
}

/** Exchanges the code for an admin token; null = the gateway does not accept the code. */
export async function tokenForCode(code: string): Promise<string | null> {
  try {
    // Beside the folder of the page: the gateway may be below a path of its host.
    const response = await fetch(new URL('../session', document.baseURI), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
      signal: AbortSignal.timeout(5000),
    })
    if (!response.ok) return null
    const session: { token: string } = await response.json()
    return session.token
  } catch {
    // Without the gateway the page works as without a code: it shows the field for a token.
    return null
  }
}
