import type { Channel } from 'node:diagnostics_channel'
import { channels } from './diagnostics.ts'
import type { Exchange, ResponseHead } from './exchange.ts'
import { HIDDEN, SECRET_FIELDS } from './secret-fields.ts'

export type DebugLevel = 'sched' | 'protocol' | 'stream'

/** Characters of a line that are looked at for the name of a field. */
const MAX_NAME = 256

interface DebugEvent {
  client: number
  connection?: number
  target?: string
  served?: number
  method?: string
  url?: string
  exchange?: Exchange
  error?: Error | null
  head?: ResponseHead
  direction?: 'in' | 'out'
  data?: string | Uint8Array
  status?: number
  location?: string
  retries?: number
  why?: { kind: 'status'; status: number } | { kind: 'error'; error: Error } | string
  clientIp?: string
  host?: string | null
  ms?: number
}

/**
 * Prints what one client does, a line an event, on stderr: 'sched' what waits and what is dialled,
 * 'protocol' the heads too, 'stream' every byte. Secrets in heads are blanked, a body's are not.
 * Returns what ends it.
 */
export function watch(level: boolean | DebugLevel, client: number): () => void {
  if (level === false) return () => {}
  const blanks = new Blanks()
  const lines: [Channel, (event: DebugEvent) => string][] = [
    [channels.exchangeWait, (e) => `wait   ${e.method} ${e.url}`],
    [
      channels.exchangeSend,
      (e) => {
        blanks.learn(e.exchange!)
        const head = level === 'protocol' ? requestHead(e.exchange!, blanks) : ''
        return `send   #${e.connection} ${e.method} ${e.url}${head}`
      },
    ],
    [channels.exchangeEnd, (e) => `end    ${at(e)}${e.method ?? ''} ${e.url ?? ''}${failure(e)}`],
    [channels.callRedirect, (e) => `goto   ${e.status} ${e.url} -> ${e.location}`],
    [channels.callRetry, (e) => `retry  ${e.retries} ${e.method} ${e.url} after ${reasonOf(e)}`],
    [channels.targetPause, (e) => `pause  ${e.target} ${Math.ceil(e.ms!)} ms after status ${e.status}`],
    [channels.clientIpAside, asideText],
    [channels.connectionConnect, (e) => `dial   #${e.connection} ${e.target}`],
    [channels.connectionOpen, (e) => `open   #${e.connection} ${e.target}`],
    [
      channels.connectionClose,
      (e) => {
        blanks.forget(e.connection!)
        return `close  #${e.connection} ${e.target} after ${e.served} exchanges`
      },
    ],
  ]
  if (level === 'protocol' || level === 'stream') {
    lines.push([
      channels.exchangeHead,
      (e) => `head   #${e.connection} ${e.url}\n${headText(e.head!, blanks)}`,
    ])
  }
  if (level === 'stream') lines.push([channels.connectionBytes, (e) => bytesText(e, blanks)])
  const stops = lines.map(([channel, describe]) => {
    const listener = (message: unknown): void => {
      const event = message as DebugEvent
      if (event.client !== client) return
      process.stderr.write(`trawl ${client} ${describe(event)}\n`)
    }
    channel.subscribe(listener)
    return () => channel.unsubscribe(listener)
  })
  return () => {
    for (const stop of stops) stop()
  }
}

function at(event: DebugEvent): string {
  return event.connection === undefined ? '' : `#${event.connection} `
}

function failure(event: DebugEvent): string {
  return event.error === undefined || event.error === null ? '' : ` failed: ${event.error.message}`
}

function headText(head: ResponseHead, blanks: Blanks): string {
  const lines = [`< ${head.status} ${head.statusText}`]
  for (const [name, value] of head.headers) lines.push(blanks.apply(`${name}: ${value}`))
  return lines.join('\n< ')
}

/** From the exchange, not from the bytes: those of a tick are one write, bodies among them. */
function requestHead({ request, path, flight }: Exchange, blanks: Blanks): string {
  const fields = blanks.apply(`${request.fields}${flight?.ownFields ?? ''}`.trimEnd())
  const head = `\r\n${request.method} ${path} HTTP/1.1\r\n${fields}`
  return head.replaceAll('\r\n', '\n> ')
}

function bytesText(event: DebugEvent, blanks: Blanks): string {
  const data = event.data!
  const text = typeof data === 'string' ? data : Buffer.from(data).toString('latin1')
  const shown = blanks.applyTo(event.connection!, event.direction!, text)
  return `${event.direction === 'out' ? '>>' : '<<'}     #${event.connection} ${JSON.stringify(shown)}`
}

function reasonOf({ why }: DebugEvent): string {
  if (typeof why === 'string') return why
  return why!.kind === 'status' ? `status ${why!.status}` : why!.error.message
}

function asideText(event: DebugEvent): string {
  const place = event.host === null ? '' : ` for ${event.host}`
  return `aside  ${event.clientIp}${place}, ${event.ms} ms: ${reasonOf(event)}`
}

/** Hides the values of secret fields: the usual ones, and those that requests have named. */
class Blanks {
  readonly #names = new Set(SECRET_FIELDS)
  #pattern = patternOf(SECRET_FIELDS)
  /** By connection and direction. */
  readonly #lines = new Map<string, CutLine>()

  learn({ request: { secretFields } }: Exchange): void {
    const before = this.#names.size
    for (const name of secretFields ?? []) this.#names.add(name)
    if (this.#names.size > before) this.#pattern = patternOf([...this.#names])
  }

  apply(text: string): string {
    return text.replaceAll(this.#pattern, `$1$2 ${HIDDEN}`)
  }

  /** The same for what a socket gives, which may be cut anywhere. */
  applyTo(connection: number, direction: string, text: string): string {
    const key = `${connection} ${direction}`
    const line = this.#lines.get(key) ?? { begun: '', isSecret: false }
    this.#lines.set(key, line)
    const parts = text.split(/(?<=\n)/)
    return parts.map((part) => this.#applyToPart(line, part)).join('')
  }

  forget(connection: number): void {
    this.#lines.delete(`${connection} in`)
    this.#lines.delete(`${connection} out`)
  }

  #applyToPart(line: CutLine, part: string): string {
    const { begun } = line
    const whole = begun + part
    // A blank at its beginning goes on with the line before (obs-fold).
    const goesOn = line.isSecret && (begun !== '' || /^[ \t]/.test(part))
    const shown = goesOn ? '' : this.apply(whole)
    line.isSecret = goesOn || shown !== whole
    line.begun = part.endsWith('\n') ? '' : whole.slice(0, MAX_NAME)
    if (!line.isSecret) return part
    const end = /\r?\n?$/.exec(part)![0]
    if (goesOn) return end
    return shown.slice(begun.length, shown.indexOf(HIDDEN) + HIDDEN.length) + end
  }
}

/** A line whose end has not come. */
interface CutLine {
  /** Its beginning: enough to know a field by its name. */
  begun: string
  /** It is hidden from some place on. */
  isSecret: boolean
}

/** A name is a token, some of whose characters mean something in a pattern. */
function patternOf(names: readonly string[]): RegExp {
  const escaped = names.map((name) => name.replace(/[$*+.^|]/g, String.raw`\$&`))
  return new RegExp(String.raw`^(${escaped.join('|')})(\s*:).*$`, 'gim')
}
