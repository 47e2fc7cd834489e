import 'graphiql/setup-workers/vite'
import 'graphiql/style.css'
import './page.css'
import { GraphiQL } from 'graphiql'
import { useEffect, useMemo, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { examples } from './examples'
import { gatewayFetcher, type Refusal } from './fetcher'
import { frontTab, tabStorage } from './open-tabs'
import { developmentToken, rememberedToken, rememberToken } from './token'
import { TokenBar } from './token-bar'

const front = frontTab()

/** GraphiQL under a bar that holds the bearer token. A token the user typed wins over the one offered. */
function Page({ offered }: { offered: string | null }) {
  const [typed, setTyped] = useState(rememberedToken)
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  const token = typed ?? offered ?? ''
  const settledToken = useSettled(token, 300)
  const fetcher = useMemo(() => gatewayFetcher(settledToken, setRefusal), [settledToken])

  return (
    <>
      <TokenBar
        token={token}
        offered={typed === null && offered !== null}
        refusal={refusal?.token === token ? refusal : null}
        onType={(text) => {
          setTyped(text)
          rememberToken(text)
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

/** The value once it has not changed for this long: the schema is read once per token, not once per keystroke. */
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
