import { useState } from 'react'
import type { Denial } from './fetcher'
import { bareToken } from './token'

interface TokenBarProps {
  token: string
  /** true = the gateway offered the token, false = the user typed it */
  offered: boolean
  /** set when the gateway denied a request with this token */
  denial: Denial | null
  onType(token: string): void
}

/** The header of the page: its name, the field for the bearer token, and whether the gateway accepts the token. */
export function TokenBar({ token, offered, denial, onType }: TokenBarProps) {
  const [readable, setReadable] = useState(false)
  const { mood, text } = describe(token, offered, denial)
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

function describe(token: string, offered: boolean, denial: Denial | null) {
  if (denial?.code === 'FORBIDDEN') {
    return { mood: 'bad', text: 'Refused by the gateway: FORBIDDEN. The role of this token may not do this.' }
  }
  if (!token) {
    const refused = denial ? 'Refused by the gateway: UNAUTHENTICATED. ' : ''
    return {
      mood: denial ? 'bad' : 'none',
      text: `${refused}No token set. “hookgate token --role admin” prints one.`,
    }
  }
  if (denial) {
    const remedy = offered ? 'Reload the page for a fresh one.' : 'It is wrong or has expired.'
    return { mood: 'bad', text: `Token refused by the gateway: UNAUTHENTICATED. ${remedy}` }
  }
  if (offered) return { mood: 'good', text: 'Development token, filled in by the gateway' }
  return { mood: 'good', text: 'Token set, sent with every request' }
}
