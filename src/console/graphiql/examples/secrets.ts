import type { Example } from './example'

export const revealSecret: Example = {
  name: 'RevealSecret',
  query: `# The secret that receivers verify with.
mutation RevealSecret(
  $id: ID!
  $password: String
) {
  revealWebhookEndpointSecret(
    id: $id
    password: $password
  ) {
    signingSecret
    createdAt
    overlapUntil
  }
}
`,
  variables: `{
  "id": "1"
}
`,
}

export const expireSecret: Example = {
  name: 'ExpireSecret',
  query: `# Creates a new secret. The old one also signs
# until the overlap is over.
mutation ExpireSecret(
  $id: ID!
  $overlapSeconds: Int
) {
  expireWebhookEndpointSecret(
    id: $id
    overlapSeconds: $overlapSeconds
  ) {
    id
    version
  }
}
`,
  variables: `{
  "id": "1",
  "overlapSeconds": 86400
}
`,
}
