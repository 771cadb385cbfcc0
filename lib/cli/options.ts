import { InvalidArgumentError } from 'commander'
import type { CacheMode } from '../index.ts'
import { CLI_LIMITS } from './limits.ts'

/** A whole number from `min` to `max`. */
export function countOption(max: number, min = 1): (value: string) => number {
  return (value) => {
    const count = /^\d+$/u.test(value) ? Number(value) : Number.NaN
    if (count >= min && count <= max) return count
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }
}

/** -1 for no limit, as curl has it. */
export function redirectsOption(value: string): number {
  return value === '-1' ? CLI_LIMITS.maxTries : countOption(CLI_LIMITS.maxTries, 0)(value)
}

/** Seconds, as curl takes them, to ms. */
export function secondsOption(value: string): number {
  const ms = /^(?:\d+(?:\.\d*)?|\.\d+)$/u.test(value) ? Math.ceil(Number(value) * 1000) : Number.NaN
  if (ms <= 0x7fffffff) return ms
  throw new InvalidArgumentError('It must be a number of seconds, as 30 or 2.5; 0 for no limit.')
}

const SIZE_UNITS = ['', 'k', 'm', 'g', 't']

/** Bytes, with k, M, G or T for powers of 1024. */
export function sizeOption(value: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([kmgt]?)$/iu.exec(value) ?? []
  const size = Math.floor(Number(number) * 1024 ** SIZE_UNITS.indexOf((unit ?? '').toLowerCase()))
  if (size >= 1 && size <= Number.MAX_SAFE_INTEGER) return size
  throw new InvalidArgumentError('It must be a number of bytes above 0, as 500000, 200k or 1.5G.')
}

/** Bytes per second, for what is to be a pace and not a halt. */
export function byteRateOption(value: string): number {
  const rate = sizeOption(value)
  if (rate >= CLI_LIMITS.minByteRate) return rate
  throw new InvalidArgumentError(
    `It must be at least ${CLI_LIMITS.minByteRate} bytes a second, as 500k; fewer is a halt.`,
  )
}

/** A request method: a token (RFC 9110 section 9.1). */
export function methodOption(value: string): string {
  if (TOKEN.test(value) && value.toUpperCase() !== 'CONNECT') return value
  throw new InvalidArgumentError('It must be a method name, as GET or POST, and not CONNECT.')
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u

/** `Name: value`, or `Name;` for a field without a value, as curl has it. */
export function headerOption(
  value: string,
  previous: readonly [string, string][] = [],
): readonly [string, string][] {
  const [, name, text] = /^([^:;]+)(?:;$|:(.*)$)/su.exec(value) ?? []
  if (name === undefined)
    throw new InvalidArgumentError('It must be "Name: value", or "Name;" for an empty value.')
  if (!TOKEN.test(name))
    throw new InvalidArgumentError(`"${name}" is no field name: letters, digits and dashes.`)
  if (text !== undefined && text.trim() === '') {
    throw new InvalidArgumentError(`It has no value; write "${name};" to send it empty, or leave it out.`)
  }
  return [...previous, [name, fieldValue(text ?? '')]]
}

/** A field's value: no line ends, and what is not ASCII as the bytes the shell gave, as curl does. */
export function fieldValue(text: string): string {
  const value = text.trim()
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\0-\x08\n-\x1f\x7f]/u.test(value)) {
    throw new InvalidArgumentError(
      'A field value holds no line ends or other control characters; give each field its own -H.',
    )
  }
  return Buffer.from(value, 'utf8').toString('latin1')
}

export function isAddress(text: string): boolean {
  if (/^(?:\d{1,3}\.){3}\d{1,3}$/u.test(text)) return text.split('.').every((part) => Number(part) <= 255)
  return text.includes(':') && URL.canParse(`http://[${text}]/`)
}

/** curl's `HOST:PORT:ADDRESS[,ADDRESS]`, once for each host; `*` for all hosts. */
export function resolveOption(
  value: string,
  previous: ReadonlyMap<string, readonly string[]> = new Map(),
): ReadonlyMap<string, readonly string[]> {
  const [, host, port, list] = /^([^:]+):(\d{1,5}|\*):(.+)$/u.exec(value) ?? []
  const addresses = (list ?? '').split(',').map((address) => address.replace(/^\[(.*)\]$/u, '$1'))
  if (host === undefined || port === undefined || !addresses.every(isAddress)) {
    throw new InvalidArgumentError('It must be HOST:PORT:ADDRESS, as www.example.com:80:127.0.0.1.')
  }
  const name = host.toLowerCase()
  const known = previous.get(name)
  if (known !== undefined && known.join(',') !== addresses.join(',')) {
    throw new InvalidArgumentError(
      `${host} has other addresses already; all ports of a host share its addresses.`,
    )
  }
  return new Map([...previous, [name, addresses]])
}

/** A port that a server of ours listens on. */
export function portOption(value: string): number {
  const port = /^\d{1,5}$/u.test(value) ? Number(value) : Infinity
  if (port <= 65_535) return port
  throw new InvalidArgumentError(
    'It must be a port, a whole number from 1 to 65535, or 0 for one that is free.',
  )
}

/** A file's or folder's name. */
export function pathOption(value: string): string {
  if (value !== '') return value
  throw new InvalidArgumentError('It is empty; give a name.')
}

/** One more of an option that may come several times. */
export function repeatedOption(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}

export const CACHE_MODES: readonly CacheMode[] = [
  'default',
  'no-store',
  'reload',
  'no-cache',
  'force-cache',
  'only-if-cached',
  'replay',
]

/** The most that the options which count something may be. */
export const MAX_CONNECTIONS: number = 65_535
export const MAX_PIPELINE: number = CLI_LIMITS.maxPipeline
