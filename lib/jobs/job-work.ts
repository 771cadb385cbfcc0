import type { Client, Response } from '../index.ts'
import { BodyCheck } from './body-check.ts'
import type { JobItem } from './job-item.ts'
import { checksumOf, requestOf } from './job-request.ts'

/** Asks for an item, at its mirrors too where that fails, and has the response handled. */
export async function requestItem<R>(
  client: Client,
  item: JobItem,
  signal: AbortSignal,
  handle: (response: Response, item: JobItem, signal: AbortSignal) => R | Promise<R>,
): Promise<R> {
  const checksum = checksumOf(item)
  const options = requestOf(item, signal)
  // The page that explains a 404 has another checksum, and that is not what is wrong with it.
  if (checksum !== null) options.expectSuccess = true
  const urls = [item.url, ...(item.mirrors ?? [])]
  for (let next = 0; ; next++) {
    const isLast = next === urls.length - 1
    let response: Response
    try {
      response = await client.request(urls[next]!, options)
      if (!isLast && response.status >= 400) continue
      const check = BodyCheck.of(checksum, response.status, response.headers, true)
      if (check !== null && (response.status === 200 || checksum !== null)) {
        check.update(response.bytes())
        check.verify()
      }
    } catch (error) {
      if (isLast || signal.aborted) throw error
      continue
    }
    return handle(response, item, signal)
  }
}
