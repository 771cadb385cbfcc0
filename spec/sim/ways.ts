import { AbortError, type Client, RequestError, type RequestOptions } from '../../lib/index.ts'
import type { SimClock } from '../../lib/testing/sim-clock.ts'
import { abortSignal, requestOptions, sleep, urlOf, type Answer, type CallRecord } from './caller.ts'

/** What fetch gives, as the checkers know an answer. */
class FetchedAnswer implements Answer {
  readonly status: number
  readonly url: string
  readonly headers: Headers
  readonly method: string
  readonly redirects = []
  readonly retries = 0
  readonly cache = null
  readonly clientIp = ''

  constructor(response: Response, method: string) {
    this.status = response.status
    this.url = response.url
    this.headers = response.headers
    this.method = method
  }
}

/** Makes one call by `client.fetch`. Never rejects. */
export async function fetchCall(client: Client, clock: SimClock, record: CallRecord): Promise<void> {
  const { spec } = record
  record.startedAt = clock.now()
  const { method = 'GET', headers, body } = requestOptions(spec, clock)
  const signal = abortSignal(record, clock)
  record.signal = signal
  const init = { method, headers: headers as Record<string, string>, redirect: 'error' as const, signal }
  let whileReading = false
  const settled = (): void => {
    record.settledAt = clock.now()
    record.settlements++
  }
  try {
    const response = await client.fetch(urlOf(record), {
      ...init,
      body: (body ?? null) as string | Buffer<ArrayBuffer> | null,
    })
    settled()
    whileReading = true
    const answer = new FetchedAnswer(response, method)
    let read: Buffer | null = null
    if (spec.reader === 'discard') await response.body?.cancel()
    else if (spec.reader !== 'never') read = Buffer.from(await response.arrayBuffer())
    record.outcome = { kind: 'answer', response: answer, body: read }
  } catch (error) {
    if (!whileReading) settled()
    record.outcome = { kind: 'error', error: known(error, record), whileReading }
  }
  record.doneAt = clock.now()
}

/** What fetch hides in a TypeError; and its signal's reason is the caller's own. */
function known(error: unknown, { signal, spec, url }: CallRecord): unknown {
  if (signal?.aborted === true && error === signal.reason) {
    return new AbortError(error).about({ method: spec.method, url, attempt: 1, progress: 'sent' })
  }
  const isFetchFailure = error instanceof TypeError && error.cause instanceof RequestError
  return isFetchFailure ? error.cause : error
}

/** Makes all of these calls by one `client.map`, in the order of their times. Never rejects. */
export async function mapCalls(
  client: Client,
  clock: SimClock,
  records: readonly CallRecord[],
): Promise<void> {
  const start = clock.now()
  const [first] = records
  if (first === undefined) return
  const source = async function* (): AsyncGenerator<CallRecord, void, undefined> {
    for (const record of records.toSorted((a, b) => a.spec.at - b.spec.at)) {
      const wait = start + record.spec.at - clock.now()
      if (wait > 0) await sleep(clock, wait)
      yield record
    }
  }
  const toRequest = (record: CallRecord): RequestOptions & { url: string } => {
    record.startedAt = clock.now()
    record.signal = abortSignal(record, clock)
    const options = requestOptions(record.spec, clock)
    return {
      ...options,
      ...(record.signal === null ? undefined : { signal: record.signal }),
      url: urlOf(record),
    }
  }
  const concurrency = 1 + (first.spec.id % 40)
  const results = client.map(source(), (response) => response, { concurrency, toRequest })
  for await (const { item: record, value, error } of results) {
    record.settledAt = clock.now()
    record.doneAt = clock.now()
    record.settlements++
    record.outcome =
      value === undefined
        ? { kind: 'error', error, whileReading: false }
        : { kind: 'answer', response: value, body: Buffer.from(value.bytes()) }
  }
}
