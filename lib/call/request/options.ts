import { ArgumentError } from '../../core/errors.ts'
import { ipFamily } from '../../core/ip-address.ts'
import { nearestName } from '../../core/nearest-name.ts'
import { ownOptions } from '../../core/own-options.ts'
import { typeName } from './body-source.ts'

/**
 * Checks of option values, one table for the client's options and one for a request's. An unknown
 * name is an error that names the nearest known one: a misspelt limit must not be no limit.
 */
export type Check = (name: string, value: unknown) => void

/** Characters of an unknown name that are looked at. */
const MAX_NAME = 64
/** Timers of Node.js go no further. */
export const MAX_TIME = 0x7fffffff

/** No option is set. */
export const NO_OPTIONS: Record<string, never> = Object.freeze(ownOptions({}))

/**
 * A copy of what `options` itself holds, checked: read once, so that a getter cannot give one value
 * to the check and another to the wire. Throws ArgumentError.
 */
export function readOptions<T extends object>(
  where: string,
  options: T,
  checks: ReadonlyMap<string, Check>,
): T {
  if (typeof options !== 'object' || options === null) {
    throw new ArgumentError(`the options of ${where} are ${typeName(options)}; give an object`)
  }
  const own = ownOptions(options)
  for (const name of Object.keys(own)) {
    const check = checks.get(name)
    if (check === undefined) {
      const unknown = name.slice(0, MAX_NAME)
      const nearest = nearestName(unknown, checks.keys())
      throw new ArgumentError(
        `unknown option ${JSON.stringify(unknown)} of ${where}; did you mean ${nearest}?`,
      )
    }
    const value = (own as Record<string, unknown>)[name]
    if (value !== undefined) check(name, value)
  }
  return own
}

export const anything: Check = () => {}

/** A time in ms; 0 turns it off. */
export const time: Check = (name, value) => {
  if (typeof value === 'number' && value >= 0 && value <= MAX_TIME) return
  fail(name, value, 'a number of milliseconds from 0 (off) to 2147483647')
}

export function wholeNumber(min: number, max: number): Check {
  return (name, value) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return
    fail(name, value, `a whole number from ${min} to ${max}`)
  }
}

/** A size in bytes; Infinity: no limit. */
export const size: Check = (name, value) => {
  if (value === Infinity || (typeof value === 'number' && Number.isInteger(value) && value > 0)) return
  fail(name, value, 'a whole number of bytes above 0, or Infinity')
}

export const ratio: Check = (name, value) => {
  if (typeof value === 'number' && value >= 1) return
  fail(name, value, 'a number from 1, or Infinity')
}

export const flag: Check = (name, value) => {
  if (typeof value !== 'boolean') fail(name, value, 'true or false')
}

export const text: Check = (name, value) => {
  if (typeof value !== 'string') fail(name, value, 'a string')
}

export const func: Check = (name, value) => {
  if (typeof value !== 'function') fail(name, value, 'a function')
}

export const object: Check = (name, value) => {
  if (typeof value !== 'object' || value === null) fail(name, value, 'an object')
}

export const ipAddress: Check = (name, value) => {
  if (value === '' || (typeof value === 'string' && ipFamily(value) !== 0)) return
  fail(name, value, 'an IPv4 or IPv6 address of this machine, as in 192.0.2.7')
}

export function listOf(check: Check): Check {
  return (name, value) => {
    if (!Array.isArray(value)) fail(name, value, 'an array')
    value.forEach((item, i) => check(`${name}[${i}]`, item))
  }
}

export function oneOf(...values: readonly unknown[]): Check {
  return (name, value) => {
    if (!values.includes(value))
      fail(name, value, `one of ${values.map((v) => JSON.stringify(v)).join(', ')}`)
  }
}

export function fail(name: string, value: unknown, rule: string): never {
  throw new ArgumentError(`option ${name} is ${show(value)}; it must be ${rule}`)
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}...` : value)
  if (typeof value === 'object' && value !== null) return `a ${value.constructor?.name ?? 'plain object'}`
  return String(value)
}
