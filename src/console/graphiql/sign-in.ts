import { useEffect, useState } from 'react'
import { storedToken, storeToken, takeCode, tokenForCode } from './token'

/** The token of the page, and where the page has it from. */
export interface SignIn {
  token: string
  /** `link` = by the code of the printed link, `refused` = the gateway did not accept that code */
  by: 'user' | 'link' | 'refused'
}

/** Reads the code of the address, if it has one, and otherwise the token that this browser tab has used before. */
export async function firstSignIn(): Promise<SignIn> {
  const code = takeCode()
  return code === null ? { token: storedToken(), by: 'user' } : signInBy(code)
}

async function signInBy(code: string): Promise<SignIn> {
  const token = await tokenForCode(code)
  if (token === null) return { token: storedToken(), by: 'refused' }
  storeToken(token)
  return { token, by: 'link' }
}

/** The sign-in as a state of the page. Pasting the link into the address of the open page signs in again. */
export function useSignIn(first: SignIn): [SignIn, (token: string) => void] {
  const [signIn, setSignIn] = useState(first)
  useEffect(() => {
    const onHash = () => {
      const code = takeCode()
      if (code !== null) void signInBy(code).then(setSignIn)
    }
    addEventListener('hashchange', onHash)
    return () => removeEventListener('hashchange', onHash)
  }, [])
  const setToken = (token: string) => {
    storeToken(token)
    setSignIn({ token, by: 'user' })
  }
  return [signIn, setToken]
}
