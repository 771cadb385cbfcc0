import type { RequestOptions } from '../index.ts'
import { parseChecksum, type Checksum } from './checksum.ts'
import type { JobItem } from './job-item.ts'

/** What an item asks for, on top of what the client does by itself. */
export function requestOf(item: JobItem, signal: AbortSignal): RequestOptions {
  const { body, clientIp, session, priority } = item
  const options: RequestOptions = { signal }
  if (item.method !== undefined || body !== undefined) options.method = item.method ?? 'POST'
  if (body !== undefined) options.body = body
  if (clientIp !== undefined) options.clientIp = clientIp
  if (session !== undefined) options.session = session
  if (priority !== undefined) options.priority = priority
  const headers = headersOf(item)
  if (headers !== undefined) options.headers = headers
  return options
}

/** What has a checksum is asked for uncoded: the checksum is that of the file's own bytes. */
export function headersOf({ headers, checksum }: JobItem): JobItem['headers'] {
  const hasCoding = Object.keys(headers ?? {}).some((name) => name.toLowerCase() === 'accept-encoding')
  return checksum === undefined || hasCoding ? headers : { ...headers, 'Accept-Encoding': 'identity' }
}

/** What the item says its content must be; null: nothing. Throws ItemError where that is nothing that can be checked. */
export function checksumOf(item: JobItem | null): Checksum | null {
  if (item?.checksum === undefined) return null
  const checksum = parseChecksum(item.checksum)
  if (typeof checksum === 'string') throw new ItemError(checksum)
  return checksum
}

/** What an item says cannot be done. It is wrong with this item alone. */
export class ItemError extends Error {
  readonly code = 'ERR_ITEM' as const

  constructor(message: string) {
    super(message)
    this.name = 'ItemError'
  }
}
