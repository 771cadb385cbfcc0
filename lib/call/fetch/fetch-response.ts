/** What the standard's constructor does not let one say. */
interface Origin {
  readonly status: number
  readonly statusText: string
  readonly headers: Iterable<[name: string, value: string]>
  readonly url: string
  readonly redirects: readonly unknown[]
}

/** Statuses whose responses have no body (fetch standard, "null body status"). */
export function hasNoBody(status: number): boolean {
  return status === 101 || status === 103 || status === 204 || status === 205 || status === 304
}

/** A Response that came from the network: it has a URL, and any status. */
export function networkResponse(body: ReadableStream<Uint8Array> | null, origin: Origin): Response {
  const { status, statusText, headers } = origin
  const response = new Response(body, {
    // Servers send statuses from 600 up, which the constructor refuses.
    status: status >= 200 && status <= 599 ? status : 200,
    statusText: statusText.replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, ''),
    headers: [...headers],
  })
  return fromNetwork(response, origin)
}

function fromNetwork(response: Response, origin: Origin): Response {
  const { status, url, redirects } = origin
  const { clone } = response
  const copy = (): Response => fromNetwork(clone.call(response), origin)
  return Object.defineProperties(response, {
    status: { value: status },
    ok: { value: status >= 200 && status <= 299 },
    type: { value: 'basic' },
    url: { value: url },
    redirected: { value: redirects.length > 0 },
    clone: { value: copy },
  })
}
