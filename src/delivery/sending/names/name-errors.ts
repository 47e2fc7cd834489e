/** The target leads to no allowed address. */
export class BlockedAddressError extends Error {
  override name = 'BlockedAddressError'
  readonly code = 'BLOCKED_ADDRESS'
}

/** The target's name could not be resolved; `cause` is the error of the lookup. */
export class NameLookupError extends Error {
  override name = 'NameLookupError'
  readonly code = 'NAME_LOOKUP'
}

/** None of the gateway's own name servers answers anything: the trouble is not the receiver's. */
export class NoNameServerError extends Error {
  override name = 'NoNameServerError'
  readonly code = 'NO_NAME_SERVER'
}
