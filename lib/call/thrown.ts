/** What a user's function threw, as an error: anything can be thrown, and null would pass for no error at all. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  return new Error(`a function in the options threw ${String(thrown)}`, { cause: thrown })
}

/** A promise that is rejected: what settles another one with an error. */
export function rejected(error: Error): Promise<never> {
  return Promise.reject(error)
}
