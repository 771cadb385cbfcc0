/**
 * Hears of the rejection of what a user's function gave, where that is a promise nobody waits for: otherwise it
 * would end the process.
 */
export function onRejection(given: unknown, handle: (reason: unknown) => void): void {
  if (given instanceof Promise) given.then(undefined, handle)
}
