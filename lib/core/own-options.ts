/** Without a prototype: what somebody has put on Object.prototype is no option. */
class OwnOptions {
  static {
    // Unlike Object.create(null) this makes no dictionary, whose fields are slow to read.
    Object.setPrototypeOf(OwnOptions.prototype, null)
  }
}

/**
 * A copy of what `options` itself holds: what it does not hold is undefined, whatever Object.prototype has been
 * given by somebody else's code (prototype pollution). Everything that users give as an object passes here first.
 */
export function ownOptions<T extends object>(options: T): T {
  return Object.assign(new OwnOptions() as T, options)
}

/** One member of an object that is not copied, as an error; undefined where it is not its own. */
export function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}
