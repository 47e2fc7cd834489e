import { inParallel, rest } from '../api'

/** The type of the published events. */
export const POST_CREATED = 'post.created'

/** The data of a published event, of a usual size. */
export const post = (number: number) => ({
  id: number,
  author: { id: 7, username: 'ada', avatar: 'https://cdn.example.com/avatars/7.png' },
  title: `Post number ${number}`,
  text: 'Webhooks tell other systems what has happened here, as soon as it has.'.repeat(3),
  categories: [1, 2, 3],
})

/** Publishes events through the API, as a product does. */
export async function publishPosts(url: string, count: number, type = POST_CREATED): Promise<void> {
  const numbers = Array.from({ length: count }, (_, number) => number)
  await inParallel(numbers, (number) =>
    rest(url, { method: 'POST', path: 'event/', json: { type, data: post(number) } }),
  )
}

/** The signing secrets of the endpoints 1 to `count`, by endpoint. */
export async function revealSecrets(url: string, count: number): Promise<Map<number, string>> {
  const secrets = new Map<number, string>()
  for (let id = 1; id <= count; id += 1) {
    const call = { method: 'POST', path: `endpoint/${id}/secret/reveal/`, json: {} }
    const { signing_secret } = await rest<{ signing_secret: string }>(url, call)
    secrets.set(id, signing_secret)
  }
  return secrets
}
