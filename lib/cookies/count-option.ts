import { ArgumentError } from '../core/errors.ts'

/** An option that says how many; `fallback` when it is not given. @throws ArgumentError naming it */
export function countOption(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new ArgumentError(
    `${name} is ${String(value)}: give a whole number from 1, or leave it out for ${fallback}`,
  )
}
