import fastify from 'fastify'
import { restPlugin } from '../../src/http/rest/plugin'
import { buildSchema } from '../../src/schema/build'
import { schemaExecutor } from '../../src/schema/execute'

/** Every route of the REST API, such as `GET endpoint/:id`, without those that only answer 404 or 405. */
export async function restRoutes(): Promise<string[]> {
  const routes: string[] = []
  const app = fastify()
  app.addHook('onRoute', ({ method, url }) => {
    // A route of a list of methods answers 404 or 405. Fastify adds HEAD to every GET.
    if (typeof method === 'string' && method !== 'HEAD') {
      routes.push(`${method} ${url.replace('/api/v2/webhook/', '')}`)
    }
  })
  await app.register(restPlugin, { executor: schemaExecutor(buildSchema(), {} as never) })
  await app.close()
  return routes
}
