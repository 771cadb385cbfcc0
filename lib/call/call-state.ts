/** Where a call is: it goes from one to the other of the first three until it is read, and settled once. */
export type CallState =
  /** An attempt waits or is under way, or what is stored is being looked for. */
  | 'asking'
  /** Between two attempts, and in none: `Between` keeps it alive. */
  | 'between'
  /** `validate` has the response, and takes its time: between two attempts, as far as a client that closes goes. */
  | 'judging'
  /** The caller has the response, and its body is on its way. */
  | 'reading'
  | 'settled'
