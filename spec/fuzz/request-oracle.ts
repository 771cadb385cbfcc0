import http from 'node:http'
import { Duplex } from 'node:stream'
import { CookieJars, ArgumentError, Client, RequestBodyError, RequestError } from '../../lib/index.ts'
import type { RequestOptions } from '../../lib/call/request/request-options.ts'
import { SimClock, SimNetwork } from '../../lib/testing/index.ts'
import { demand } from './finding.ts'
import { firstLook, type GivenRequest, type Pair } from './request-arbitrary.ts'
import { readRequest, type WrittenRequest } from './request-reader.ts'

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
/** Fields that a client adds by itself. */
const OWN = new Set([
  'host',
  'accept',
  'accept-encoding',
  'user-agent',
  'content-length',
  'content-type',
  'transfer-encoding',
  'expect',
  'cookie',
  'authorization',
])

/** What the client wrote for what a user gave, on all of its connections, and how it ended. */
interface Sent {
  readonly bytes: Buffer
  readonly error: Error | null
}

/**
 * Sends what a user gave to a server that only listens, and demands that one request came out of it, exactly as
 * given, or none and an error of ours. Throws a Finding. Returns 'sent' or the error's name.
 */
export async function checkRequest(given: GivenRequest): Promise<string> {
  const body = given.options['parts'] ?? given.options['body']
  const { parts: _, ...options } = given.options
  const { bytes, error } = await send({ ...given, options })
  if (error !== null) {
    demand(
      error instanceof ArgumentError || error instanceof RequestError,
      `an error that is none of ours: ${error.stack ?? error.message}`,
    )
    if (error instanceof ArgumentError)
      demand(bytes.length === 0, `bytes of a request that was refused: ${error.message}`)
    // oxlint-disable-next-line no-control-regex -- it is about these
    demand(!/[\0\r]|\n\s*Injected/.test(error.message), 'a message with raw CR or NUL in it')
    if (bytes.length === 0) return error.name
  }
  const request = read(bytes)
  if (request === null) {
    demand(error !== null, 'half a request, and no error')
    return error.name
  }
  demand(
    request.length === bytes.length,
    `bytes behind the request: ${JSON.stringify(bytes.subarray(request.length).toString('latin1'))}`,
  )
  checkMethod(options['method'], request)
  checkFields(options['headers'], request)
  // A source that gives more than was announced is noticed when the head is on its way: the caller is told.
  if (error instanceof RequestBodyError) return error.name
  if (options['json'] === undefined) await checkBody(body, request)
  else demand(request.body.toString() === JSON.stringify(options['json']), 'another json body')
  await checkByNode(bytes, request)
  return 'sent'
}

async function send({ url, options, cookie }: GivenRequest): Promise<Sent> {
  const clock = new SimClock()
  const network = new SimNetwork({ clock })
  const pieces: Buffer[] = []
  network.listen('a.test', 80, {
    onConnection: (socket) => {
      let answered = false
      return {
        onData: (chunk) => {
          pieces.push(chunk)
          if (answered || !isWhole(pieces)) return
          answered = true
          socket.write(ANSWER)
        },
        onClose: () => {},
      }
    },
  })
  const cookies = new CookieJars()
  const client = new Client({ clock, network, cookies, maxRetries: 0, replyTimeout: 1_000 })
  let error: Error | null = null
  try {
    if (cookie !== null) trySet(cookies, cookie)
    await clock.settle(client.request(url as string, options as RequestOptions))
  } catch (thrown) {
    demand(thrown instanceof Error, `thrown: ${typeof thrown}`)
    error = thrown
  }
  client.destroy()
  await clock.run()
  return { bytes: Buffer.concat(pieces), error }
}

function trySet(cookies: CookieJars, { name, value }: NonNullable<GivenRequest['cookie']>): void {
  try {
    cookies.jar('').set({ name: name as string, value: value as string }, 'http://a.test/')
  } catch (error) {
    demand(error instanceof ArgumentError, `jar.set threw ${String(error)}`)
  }
}

/** Nothing is forgiven, but what is wrong is said later: then the server answers as if it were whole. */
function isWhole(pieces: readonly Buffer[]): boolean {
  try {
    return readRequest(Buffer.concat(pieces)) !== null
  } catch {
    return true
  }
}

function read(bytes: Buffer): WrittenRequest | null {
  try {
    return readRequest(bytes)
  } catch (error) {
    demand(
      false,
      `what went out is no request: ${(error as Error).message}\n  ${JSON.stringify(bytes.toString('latin1'))}`,
    )
  }
}

function checkMethod(given: unknown, { method }: WrittenRequest): void {
  if (given === undefined) return demand(method === 'GET', `${method} and not GET`)
  demand(typeof given === 'string', `a method of type ${typeof given} went out as ${method}`)
  demand(method === given || method === given.toUpperCase(), `${method} and not ${given}`)
}

/** The fields given stand there in their order, each exactly once; all others are the client's own. */
function checkFields(given: unknown, { fields }: WrittenRequest): void {
  const wanted = flattened(given)
  let at = 0
  for (const [name, value] of fields) {
    const [wantedName, wantedValue] = wanted[at] ?? []
    if (name === wantedName && value === wantedValue) at++
    else demand(OWN.has(name.toLowerCase()), `a field that nobody gave: ${JSON.stringify([name, value])}`)
  }
  demand(
    at === wanted.length,
    `a field that got lost: ${JSON.stringify(wanted[at])} of ${JSON.stringify(wanted)}`,
  )
  const names = fields.map(([name]) => name.toLowerCase())
  for (const name of OWN) {
    const times = wanted.filter(([one]) => one.toLowerCase() === name).length
    demand(names.filter((one) => one === name).length <= Math.max(1, times), `${name} more often than given`)
  }
}

/** What must be on the wire for headers that were accepted. Values of other types should have been refused. */
function flattened(given: unknown): [string, string][] {
  if (given === undefined) return []
  demand(typeof given === 'object' && given !== null, `headers of type ${typeof given} were accepted`)
  const entries: Pair[] = Symbol.iterator in given ? [...(given as Iterable<Pair>)] : Object.entries(given)
  return entries.flatMap(([name, said]) => {
    const value = firstLook(said)
    if (value === undefined || value === null) return []
    const values: unknown[] = Array.isArray(value) ? [...(value as unknown[])] : [value]
    return values.map((one): [string, string] => {
      demand(typeof name === 'string', `a name of type ${typeof name} was accepted`)
      demand(typeof one === 'string' || typeof one === 'number', `a value of type ${typeof one} was accepted`)
      return [name, String(one).replaceAll(/^[ \t]+|[ \t]+$/g, '')]
    })
  })
}

async function checkBody(given: unknown, request: WrittenRequest): Promise<void> {
  if (given instanceof FormData) return checkForm(given, request)
  const wanted = await bytesOf(given)
  if (wanted === null) return
  demand(request.body.equals(wanted), `a body of ${request.body.length} bytes and not ${wanted.length}`)
}

async function bytesOf(said: unknown): Promise<Buffer | null> {
  const given = firstLook(said)
  if (given === undefined || given === null) return Buffer.alloc(0)
  if (typeof given === 'string') return Buffer.from(given)
  if (given instanceof Uint8Array) return Buffer.from(given)
  if (given instanceof URLSearchParams) return Buffer.from(given.toString())
  if (given instanceof Blob) return Buffer.from(await given.arrayBuffer())
  if (!Array.isArray(given)) return null
  const parts = given as unknown[]
  if (!parts.every((part) => typeof part === 'string' || part instanceof Uint8Array)) return null
  return Buffer.concat(parts.map((part) => Buffer.from(part as string)))
}

/** By the multipart parser of Node's fetch: names and file names cannot close their quotes. */
async function checkForm(form: FormData, { fields, body }: WrittenRequest): Promise<void> {
  const type = fields.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  // A type of the user's own has no boundary of ours.
  if (!type.startsWith('multipart/form-data; boundary=----trawl-')) return
  const parsed = await new globalThis.Response(new Uint8Array(body), {
    headers: { 'content-type': type },
  }).formData()
  const [wanted, found] = [await entriesOf(form), await entriesOf(parsed)]
  demand(
    JSON.stringify(found) === JSON.stringify(wanted),
    `another form: ${JSON.stringify(found)} and not ${JSON.stringify(wanted)}`,
  )
}

const lineEnds = (text: string): string => text.replaceAll(/\r\n?|\n/g, '\r\n')

async function entriesOf(form: FormData): Promise<string[][]> {
  const list: string[][] = []
  for (const [name, value] of form) {
    if (typeof value === 'string') list.push([unescaped(name), lineEnds(value)])
    else list.push([unescaped(name), unescaped(value.name), await value.text()])
  }
  return list
}

/** The HTML standard escapes line ends and quotes in names by a percent sign, and the sign itself not: `%22` is `"`. */
function unescaped(name: string): string {
  return lineEnds(name.replaceAll(/%0d/gi, '\r').replaceAll(/%0a/gi, '\n').replaceAll('%22', '"'))
}

/** A second opinion: node:http's server sees one request with the same fields, and then the end. */
async function checkByNode(bytes: Buffer, request: WrittenRequest): Promise<void> {
  const seen: { raw: string[]; method: string; body: Buffer[] }[] = []
  const errors: string[] = []
  const server = new http.Server((message, response) => {
    const one = { raw: message.rawHeaders, method: message.method ?? '', body: [] as Buffer[] }
    seen.push(one)
    message.on('data', (chunk: Buffer) => one.body.push(chunk))
    message.on('end', () => response.end())
  })
  server.on('checkContinue', (message, response) => server.emit('request', message, response))
  server.on('checkExpectation', (message, response) => server.emit('request', message, response))
  server.on('clientError', (error) => errors.push(String((error as NodeJS.ErrnoException).code)))
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  server.emit('connection', socket)
  socket.push(bytes)
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve))
  socket.destroy()
  server.close()
  if (errors.length > 0 && !METHODS.has(request.method)) return
  // A method that llhttp does not know is refused by it: that is no fault of the request.
  demand(
    errors.length === 0 && seen.length === 1,
    `node:http sees ${seen.length} requests and ${errors.join(', ') || 'no error'}`,
  )
  const one = seen[0]!
  demand(one.raw.join('\n') === request.fields.flat().join('\n'), 'node:http sees other fields')
  demand(Buffer.concat(one.body).equals(request.body), 'node:http sees another body')
}

const METHODS = new Set(http.METHODS)
