import 'graphiql/setup-workers/vite'
import 'graphiql/style.css'
import './page.css'
import { GraphiQL } from 'graphiql'
import { useEffect, useMemo, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { examples } from './examples'
import { type Denial, gatewayFetcher } from './fetcher'
import { frontTab, tabStorage } from './open-tabs'
import { developmentToken, storedToken, storeToken } from './token'
import { TokenBar } from './token-bar'

const front = frontTab()

/** GraphiQL below a bar with the bearer token. A typed token wins over the token that the gateway offers. */
function Page({ offered }: { offered: string | null }) {
  const [typed, setTyped] = useState(storedToken)
  const [denial, setDenial] = useState<Denial | null>(null)
  const token = typed ?? offered ?? ''
  const settledToken = useSettled(token, 300)
  const fetcher = useMemo(() => gatewayFetcher(settledToken, setDenial), [settledToken])

  return (
    <>
      <TokenBar
        token={token}
        offered={typed === null && offered !== null}
        denial={denial?.token === token ? denial : null}
        onType={(text) => {
          setTyped(text)
          storeToken(text)
        }}
      />
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
developmentToken().then((offered) => root.render(<Page offered={offered} />))
