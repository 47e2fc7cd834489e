import 'graphiql/setup-workers/vite'
import 'graphiql/style.css'
import './page.css'
import { GraphiQL } from 'graphiql'
import { useEffect, useMemo, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { examples } from './examples'
import { type Denial, gatewayFetcher } from './fetcher'
import { frontTab, tabStorage } from './open-tabs'
import { firstSignIn, type SignIn, useSignIn } from './sign-in'
import { TokenBar } from './token-bar'

const front = frontTab()

/** GraphiQL below a bar with the bearer token. */
function Page({ first }: { first: SignIn }) {
  const [signIn, setToken] = useSignIn(first)
  const [denial, setDenial] = useState<Denial | null>(null)
  const { token } = signIn
  const settledToken = useSettled(token, 300)
  const fetcher = useMemo(() => gatewayFetcher(settledToken, setDenial), [settledToken])

  return (
    <>
      <TokenBar signIn={signIn} denial={denial?.token === token ? denial : null} onType={setToken} />
      <main>
        <GraphiQL
          fetcher={fetcher}
          storage={tabStorage}
          defaultTabs={[...examples]}
          initialQuery={front.query}
          initialVariables={front.variables}
          defaultEditorToolsVisibility={true}
          showPersistHeadersSettings={false}
        >
          <GraphiQL.Logo> </GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  )
}

/** The value, updated when it has not changed for this time: the schema is read once per token, not once per keystroke. */
function useSettled<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds)
    return () => clearTimeout(timer)
  }, [value, milliseconds])
  return settled
}

const root = createRoot(document.getElementById('page') as HTMLElement)
firstSignIn().then((first) => root.render(<Page first={first} />))
