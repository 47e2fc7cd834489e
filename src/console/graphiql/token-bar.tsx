import { useEffect, useRef, useState } from 'react'
import type { Denial } from './fetcher'
import type { SignIn } from './sign-in'
import { bareToken } from './token'

interface TokenBarProps {
  signIn: SignIn
  /** set when the gateway denied a request with this token */
  denial: Denial | null
  onType(token: string): void
}

/** The header of the page: its name, the field for the bearer token, and whether the gateway accepts the token. */
export function TokenBar({ signIn, denial, onType }: TokenBarProps) {
  const [readable, setReadable] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  const { mood, text } = describe(signIn, denial)
  const needsToken = signIn.token === '' || denial?.code === 'UNAUTHENTICATED'
  useEffect(() => {
    if (needsToken) field.current?.focus()
  }, [needsToken])
  return (
    <header className="bar">
      <h1>
        Hookgate <span>GraphiQL</span>
      </h1>
      <form className="token" autoComplete="off" onSubmit={(event) => event.preventDefault()}>
        <label htmlFor="token">Bearer token</label>
        <input
          id="token"
          ref={field}
          type={readable ? 'text' : 'password'}
          value={signIn.token}
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

function describe({ token, by }: SignIn, denial: Denial | null) {
  if (denial?.code === 'FORBIDDEN') {
    return { mood: 'bad', text: 'Refused by the gateway: FORBIDDEN. The role of this token may not do this.' }
  }
  if (denial && token) {
    return { mood: 'bad', text: 'Token refused by the gateway: UNAUTHENTICATED. It is wrong or has expired.' }
  }
  if (by === 'refused') {
    return { mood: 'bad', text: 'This link is not of the running gateway. Open the link of its last start.' }
  }
  if (!token) {
    const refused = denial ? 'Refused by the gateway: UNAUTHENTICATED. ' : ''
    const remedy = 'Paste a token, or open the link that the gateway printed at its start.'
    return { mood: denial ? 'bad' : 'none', text: refused + remedy }
  }
  if (by === 'link') return { mood: 'good', text: 'Signed in by the link' }
  return { mood: 'good', text: 'Token set, sent with every request' }
}
