import { LIMITS } from '../../core/limits.ts'
import { nearestName } from '../../core/nearest-name.ts'
import { parseChecksum } from '../checksum.ts'
import type { InputItem, JobItem } from '../job-item.ts'

type Check = (value: unknown) => string

const text = (value: unknown): string => (typeof value === 'string' ? '' : 'must be a string')
const someText = (value: unknown): string =>
  typeof value === 'string' && value !== '' ? '' : 'must be a string that is not empty; leave it out for none'

/** What each field must be: '' when it is. */
const CHECKS: ReadonlyMap<string, Check> = new Map<keyof JobItem, Check>([
  ['url', checkUrl],
  ['mirrors', checkMirrors],
  ['method', someText],
  ['headers', checkHeaders],
  ['body', (value) => (typeof value === 'object' ? 'must be a string; write JSON as text' : text(value))],
  ['out', someText],
  ['clientIp', someText],
  ['checksum', checkChecksum],
  ['session', text],
  ['priority', checkPriority],
  ['meta', checkMeta],
])

/** The item that a value from JSON is, or what is wrong with it. A field that is null is as if it were not there. */
export function itemOf(value: unknown, line: number, shown: string): InputItem {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return broken(shown, line, 'is not a JSON object; write one as in {"url": "http://example.com/"}')
  }
  const given = (value as { url?: unknown }).url
  const url = typeof given === 'string' ? given.slice(0, LIMITS.maxInputLine) : shown
  if (given === undefined || given === null) {
    return broken(shown, line, 'has no url; add one as in {"url": "http://example.com/"}')
  }
  const names = Object.keys(value)
  let hasNull = false
  for (const name of names) {
    const field = (value as Readonly<Record<string, unknown>>)[name]
    const check = CHECKS.get(name)
    if (check === undefined) {
      const nearest = nearestName(name.slice(0, 100), CHECKS.keys())
      const hint = `did you mean ${nearest}? What is your own goes into meta`
      return broken(url, line, `the field ${quoted(name)} is not known; ${hint}`)
    }
    if (field === null) {
      hasNull = true
      continue
    }
    const fault = check(field)
    if (fault !== '') return broken(url, line, `the field ${name} ${fault}, not ${quoted(field)}`)
  }
  const item = (hasNull ? withoutNulls(value) : value) as JobItem
  const isPlain = hasNull ? Object.keys(item).length === 1 : names.length === 1
  return { url, line, item: isPlain ? null : item, problem: '' }
}

function withoutNulls(value: object): object {
  return Object.fromEntries(Object.entries(value).filter((entry) => entry[1] !== null))
}

function broken(url: string, line: number, problem: string): InputItem {
  return { url, line, item: null, problem }
}

function checkUrl(value: unknown): string {
  const fault = someText(value)
  if (fault !== '') return 'must be a string such as "http://example.com/"'
  return (value as string).length <= LIMITS.maxInputLine
    ? ''
    : `must have ${LIMITS.maxInputLine} characters at most`
}

function checkMirrors(value: unknown): string {
  return Array.isArray(value) && value.every((mirror) => checkUrl(mirror) === '')
    ? ''
    : 'must be an array of URLs'
}

function checkHeaders(value: unknown): string {
  const must = 'must be an object of names, each with a string or an array of strings'
  if (typeof value !== 'object' || Array.isArray(value)) return must
  return Object.values(value as object).every(isField) ? '' : must
}

function isField(value: unknown): boolean {
  return (
    typeof value === 'string' || (Array.isArray(value) && value.every((part) => typeof part === 'string'))
  )
}

function checkChecksum(value: unknown): string {
  if (typeof value !== 'string') return 'must be a string as in "sha-256=", then hex digits'
  const parsed = parseChecksum(value)
  return typeof parsed === 'string' ? `is wrong (${parsed})` : ''
}

function checkPriority(value: unknown): string {
  const most = LIMITS.maxPriority
  const isOne = Number.isInteger(value) && Math.abs(value as number) <= most
  return isOne ? '' : `must be a whole number from -${most} to ${most}`
}

/** What is wrong with `meta`; '' when nothing is. */
export function checkMeta(value: unknown): string {
  if (depthOf(value, 1) > LIMITS.maxInputDepth) return `must have ${LIMITS.maxInputDepth} levels at most`
  return (JSON.stringify(value) ?? '').length <= LIMITS.maxItemMeta
    ? ''
    : `must have ${LIMITS.maxItemMeta} characters of JSON at most; keep it elsewhere, and give its name`
}

/** Levels of a value; not counted any further than one beyond the limit. */
function depthOf(value: unknown, level: number): number {
  if (typeof value !== 'object' || value === null || level > LIMITS.maxInputDepth) return level
  let deepest = level
  for (const part of Object.values(value)) deepest = Math.max(deepest, depthOf(part, level + 1))
  return deepest
}

function quoted(value: unknown): string {
  const kind = Array.isArray(value) ? 'an array' : 'an object'
  if (typeof value === 'object') return value === null ? 'null' : kind
  return JSON.stringify(typeof value === 'string' && value.length > 100 ? `${value.slice(0, 100)}...` : value)
}
