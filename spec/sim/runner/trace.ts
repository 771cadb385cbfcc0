import type { Clock } from '../../../lib/core/clock.ts'
import type { DialOptions, Network, Wire, WireOwner } from '../../../lib/net/network.ts'
import type { CallRecord } from '../caller.ts'

/** Lines that a trace has at most. */
const MAX_LINES = 2000
/** Bytes of a piece that are shown. */
const SHOWN = 160

interface Line {
  readonly at: number
  readonly text: string
}

/**
 * Writes down what one world's client does, in virtual time: calls, and all that goes over the network.
 * It listens to no diagnostics, since whoever listens to them changes what the client does.
 */
export class Trace {
  readonly #lines: Line[] = []
  #dials = 0
  #leftOut = 0

  /** The same network; what goes over it is written down. */
  watch(network: Network, clock: Clock): Network {
    const tell = (text: string): void => this.#add(clock.now(), text)
    return {
      dial: (options, owner) => {
        const name = `#${++this.#dials}`
        tell(`${name} dials ${placeOf(options)}`)
        return tracedWire(network.dial(options, tracedOwner(owner, name, tell)), name, tell)
      },
      close: () => network.close(),
    }
  }

  /** All of it in order of time, with what became of the calls. */
  text(records: readonly CallRecord[]): string {
    const lines = [...records.flatMap(linesOf), ...this.#lines].toSorted((a, b) => a.at - b.at)
    const shown = lines.map(({ at, text }) => `${at.toFixed(2).padStart(12)}  ${text}`)
    if (this.#leftOut > 0) shown.push(`... and ${this.#leftOut} more: a trace has ${MAX_LINES} lines at most`)
    return shown.join('\n')
  }

  #add(at: number, text: string): void {
    if (this.#lines.length < MAX_LINES) this.#lines.push({ at, text })
    else this.#leftOut++
  }
}

type Tell = (text: string) => void

function tracedOwner(owner: WireOwner, name: string, tell: Tell): WireOwner {
  return {
    onOpen: (times) => {
      tell(`${name} is open`)
      owner.onOpen(times)
    },
    onData: (chunk) => {
      tell(`${name} <- ${show(chunk)}`)
      owner.onData(chunk)
    },
    onFin: (clean) => {
      tell(`${name} <- FIN${clean ? '' : ', not clean'}`)
      owner.onFin(clean)
    },
    onDrain: () => {
      tell(`${name} takes more`)
      owner.onDrain()
    },
    onClose: (error) => {
      tell(`${name} is closed${error === null ? '' : `: ${error.message}`}`)
      owner.onClose(error)
    },
  }
}

function tracedWire(wire: Wire, name: string, tell: Tell): Wire {
  return {
    get remoteAddress() {
      return wire.remoteAddress
    },
    get localAddress() {
      return wire.localAddress
    },
    write: (data) => {
      tell(`${name} -> ${show(data)}`)
      return wire.write(data)
    },
    pause: () => {
      tell(`${name} pauses`)
      wire.pause()
    },
    resume: () => {
      tell(`${name} resumes`)
      wire.resume()
    },
    ref: () => wire.ref(),
    unref: () => wire.unref(),
    destroy: () => {
      tell(`${name} is destroyed`)
      wire.destroy()
    },
  }
}

function placeOf({ host, port, clientIp, tls }: DialOptions): string {
  return `${tls === null ? 'http' : 'https'}://${host}:${port}${clientIp === '' ? '' : ` from ${clientIp}`}`
}

function show(data: string | Uint8Array): string {
  const text = typeof data === 'string' ? data : Buffer.from(data).toString('latin1')
  const more = text.length > SHOWN ? ` ... (${text.length} bytes)` : ''
  return JSON.stringify(text.slice(0, SHOWN)) + more
}

function linesOf(record: CallRecord): Line[] {
  const { spec, url, startedAt, abortedAt, settledAt, doneAt, outcome } = record
  const name = `call ${spec.id}`
  const lines: Line[] = []
  const add = (at: number, text: string): void => {
    if (at !== -1) lines.push({ at, text: `${name} ${text}` })
  }
  const how = spec.reader === null ? 'request' : `stream, read: ${spec.reader}`
  add(startedAt, `begins: ${spec.method} ${url} (${how})`)
  add(abortedAt, 'is aborted')
  if (outcome === null) return lines
  const end = outcome.kind === 'answer' ? `has status ${outcome.response.status}` : String(outcome.error)
  if (outcome.kind === 'answer') add(settledAt, end)
  add(doneAt, outcome.kind === 'answer' ? `is done: ${outcome.body?.length ?? 'no'} bytes` : `fails: ${end}`)
  return lines
}
