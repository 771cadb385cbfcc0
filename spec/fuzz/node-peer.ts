import http from 'node:http'
import { Duplex } from 'node:stream'

/** What a parser made of one answer. */
export interface Reading {
  /** 'cut': it wants more than there is. 'reject': `error` says why. 'upgrade': the bytes behind are another protocol's. */
  readonly verdict: 'whole' | 'cut' | 'reject' | 'upgrade'
  readonly error: string
  /** 0 where the head was not taken. */
  readonly status: number
  readonly reason: string
  readonly interim: number
  /** Names and values in turn. */
  readonly fields: readonly string[]
  readonly body: string
  readonly trailers: readonly string[]
}

export interface PeerOptions {
  readonly method: string
  readonly wire: Uint8Array
  /** llhttp's lenient flags. */
  readonly insecure: boolean
}

/** Turns of the event loop that node:http gets for bytes that are all there. */
const MOST_TURNS = 60

/** A connection without a socket: takes what is written, and gives the answer and the end. */
class Played extends Duplex {
  readonly #wire: Uint8Array
  #played = false

  constructor(wire: Uint8Array) {
    super({ autoDestroy: true })
    this.#wire = wire
  }

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done()
    if (this.#played) return
    this.#played = true
    if (this.#wire.length > 0) this.push(Buffer.from(this.#wire))
    this.push(null)
  }

  override _read(): void {}
}

/** Reads an answer by node:http's client, which is llhttp's parser. Never rejects; takes a bounded time. */
export function readByNode({ method, wire, insecure }: PeerOptions): Promise<Reading> {
  return new Promise((resolve) => {
    const reading = { verdict: 'cut' as Reading['verdict'], error: '', status: 0, reason: '', interim: 0 }
    let fields: readonly string[] = []
    let trailers: readonly string[] = []
    let body = ''
    let settled = false
    const request = http.request({
      method,
      host: 'a.test',
      createConnection: () => new Played(wire),
      insecureHTTPParser: insecure,
      maxHeaderSize: 65_536,
    })
    const finish = (): void => {
      if (settled) return
      settled = true
      request.destroy()
      resolve({ ...reading, fields, body, trailers })
    }
    const takeHead = (response: http.IncomingMessage): void => {
      reading.status = response.statusCode ?? 0
      reading.reason = response.statusMessage ?? ''
      fields = response.rawHeaders
    }
    request.on('information', () => reading.interim++)
    for (const event of ['upgrade', 'connect']) {
      request.on(event, (response: http.IncomingMessage) => {
        takeHead(response)
        reading.verdict = 'upgrade'
        finish()
      })
    }
    request.on('response', (response) => {
      takeHead(response)
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString('latin1')
      })
      response.on('error', () => {})
      response.on('close', finish)
      response.on('end', () => {
        if (!response.complete) return
        reading.verdict = 'whole'
        trailers = response.rawTrailers
        finish()
      })
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (reading.verdict !== 'cut' || error.code === 'ECONNRESET') return
      reading.verdict = 'reject'
      reading.error = error.code ?? error.message
    })
    request.on('close', () => {
      // With an answer there, what is left of its body comes first.
      if (reading.status === 0) finish()
    })
    request.end()
    let turns = 0
    const turn = (): void => {
      if (settled) return
      if (++turns < MOST_TURNS) setImmediate(turn)
      else {
        reading.error = 'no end'
        finish()
      }
    }
    setImmediate(turn)
  })
}
