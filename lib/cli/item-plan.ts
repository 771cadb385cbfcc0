import type { RequestOptions } from '../index.ts'
import type { JobItem } from '../jobs/job-item.ts'
import { headersOf } from '../jobs/job-request.ts'

/** How an item is asked for. */
export interface ItemPlan {
  /** undefined: a plain GET with the client's own settings. */
  readonly request: RequestOptions | undefined
  /**
   * Fetch bodies whole first, up to the client's own `maxBodySize`. Only whole bodies may share a
   * pipeline: a streamed one stops all behind it when its reader is slow.
   */
  readonly whole: boolean
  /** An answer that broke off may be asked for again. */
  readonly mayRepeat: boolean
  /** It is a GET without a body: its rest may be asked for. */
  readonly isGet: boolean
  /** It asks for a part itself: a 206 is what it wants. */
  readonly asksRange: boolean
}

/** Methods whose answer may be asked for again once it has begun (RFC 9110 section 9.2.2). */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PROPFIND'])

/** `pipelines`: more than one request may be in flight on a connection. `fields`: names of those that are sent. */
export function itemPlan(
  method: string,
  request: RequestOptions | undefined,
  pipelines: boolean,
  fields: readonly string[],
): ItemPlan {
  const hasBody = request?.body !== undefined
  return {
    request,
    // Only these: a body that is too large is asked for a second time, which a POST must not be.
    whole: pipelines && (method === 'GET' || method === 'HEAD') && !hasBody,
    mayRepeat: REPEATABLE.has(method),
    isGet: method === 'GET' && !hasBody,
    asksRange: fields.some((name) => name.toLowerCase() === 'range'),
  }
}

/** What an item of the list asks for, on top of what all of the run do. */
export function ownPlan(item: JobItem, base: ItemPlan, runMethod: string, pipelines: boolean): ItemPlan {
  const { clientIp, session, priority } = item
  const body = item.body ?? base.request?.body ?? undefined
  const method = item.method ?? (item.body === undefined ? runMethod : 'POST')
  const request: RequestOptions = {
    ...base.request,
    method,
    body: method === 'GET' && item.body === undefined ? undefined : body,
  }
  const headers = headersOf(item)
  if (headers !== undefined) request.headers = headers
  if (clientIp !== undefined) request.clientIp = clientIp
  if (session !== undefined) request.session = session
  if (priority !== undefined) request.priority = priority
  const fields = [...Object.keys(headers ?? {}), ...(base.asksRange ? ['range'] : [])]
  return itemPlan(method, request, pipelines, fields)
}
