/** The part of autocannon's interface that is used here; its published types bring a second copy of Node's. */
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
      /** milliseconds between samples; a run ends with one */
      sampleInt: number
      /** seconds until a request without an answer counts as an error */
      timeout: number
      /** called once for each connection */
      setupClient(client: Client): void
      /** called with the body of each answer; false counts as a mismatch */
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
