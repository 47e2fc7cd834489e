import { useState } from 'react'
import type { Refusal } from './fetcher'
import { bareToken } from './token'

interface TokenBarProps {
  token: string
  /** True while the token is the one the gateway offered, false once the user has typed. */
  offered: boolean
  /** Set when the gateway refused this very token. */
  refusal: Refusal | null
  onType(token: string): void
}

/** The page's header: whose page it is, where the bearer token goes, and what the gateway thinks of that token. */
export function TokenBar({ token, offered, refusal, onType }: TokenBarProps) {
  const [readable, setReadable] = useState(false)
  const { mood, text } = describe(token, offered, refusal)
  return (
    <header className="bar">
      <h1>
        Hookgate <span>GraphiQL</span>
      </h1>
      <form className="token" autoComplete="off" onSubmit={(event) => event.preventDefault()}>
        <label htmlFor="token">Bearer token</label>
        <input
          id="token"
          type={readable ? 'text' : 'password'}
          value={token}
          placeholder="Paste a JWT"
          autoComplete="off"
          spellCheck={false}
          aria-describedby="token-state"
          onChange={(event) => onType(bareToken(event.target.value))}
        />
        <button type="button" aria-pressed={readable} onClick={() => setReadable(!readable)}>
          {readable ? 'Hide' : 'Show'}
        </button>
      </form>
      <output id="token-state" className={mood}>
        {text}
      </output>
    </header>
  )
}

function describe(token: string, offered: boolean, refusal: Refusal | null) {
  if (refusal?.code === 'FORBIDDEN') {
    return { mood: 'bad', text: 'Refused by the gateway: FORBIDDEN. This token’s role may not do that.' }
  }
  if (!token) {
    const refused = refusal ? 'Refused by the gateway: UNAUTHENTICATED. ' : ''
    return {
      mood: refusal ? 'bad' : 'none',
      text: `${refused}No token set. “hookgate token --role admin” prints one.`,
    }
  }
  if (refusal) {
    const remedy = offered ? 'Reload the page for a fresh one.' : 'It is wrong or has expired.'
    return { mood: 'bad', text: `Token refused by the gateway: UNAUTHENTICATED. ${remedy}` }
  }
  if (offered) return { mood: 'good', text: 'Development token, filled in by the gateway' }
  return { mood: 'good', text: 'Token set, sent with every request' }
}
