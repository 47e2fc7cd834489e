/** The part of autocannon's interface in use. Its published types would add a second copy of the types of Node.js. */
declare module 'autocannon' {
  namespace autocannon {
    interface Request {
      method: string
      path: string
      headers: Record<string, string>
      body?: string
    }
    interface Client {
      setRequests(requests: Request[]): void
    }
    interface Options {
      url: string
      connections: number
      /** seconds */
      duration: number
      /** milliseconds between samples; a run ends with a sample */
      sampleInt: number
      /** seconds after which a request without a response counts as an error */
      timeout: number
      /** called once for each connection */
      setupClient(client: Client): void
      /** called with the body of each response; false counts as a mismatch */
      verifyBody(body: string): boolean
    }
    interface Result {
      '2xx': number
      non2xx: number
      /** connections that broke, timeouts included */
      errors: number
      mismatches: number
      /** seconds, measured */
      duration: number
    }
  }
  function autocannon(options: autocannon.Options): Promise<autocannon.Result>
  export = autocannon
}
