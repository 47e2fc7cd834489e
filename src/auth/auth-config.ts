/** How bearer tokens are verified. */
export interface AuthConfig {
  /** HS256 secret, address of a JWKS or PEM public key; undefined = the development secret of the data folder */
  key: { secret: string } | { jwksUrl: string } | { publicKey: string } | undefined
  issuer: string | undefined
  audience: string | undefined
  /** name of the claim, or a path of names joined by dots */
  roleClaim: string
}
