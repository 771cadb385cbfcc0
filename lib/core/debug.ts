import type { Channel } from 'node:diagnostics_channel'
import { channels } from './diagnostics.ts'
import type { Exchange, ResponseHead } from './exchange.ts'

export type DebugLevel = 'sched' | 'protocol' | 'stream'

/** Fields whose values are not for a log. */
const SECRET = /^(authorization|proxy-authorization|cookie|set-cookie)(\s*:).*$/gim

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
}

/**
 * Prints what one client does, a line an event, on stderr: 'sched' what waits and what is dialled,
 * 'protocol' the heads too, 'stream' every byte. Secrets in heads are blanked, a body's are not.
 * Returns what ends it.
 */
export function watch(level: boolean | DebugLevel, client: number): () => void {
  if (level === false) return () => {}
  const lines: [Channel, (event: DebugEvent) => string][] = [
    [channels.exchangeWait, (e) => `wait   ${e.method} ${e.url}`],
    [
      channels.exchangeSend,
      (e) =>
        `send   #${e.connection} ${e.method} ${e.url}${level === 'protocol' ? requestHead(e.exchange!) : ''}`,
    ],
    [channels.exchangeEnd, (e) => `end    ${at(e)}${e.method ?? ''} ${e.url ?? ''}${failure(e)}`],
    [channels.connectionConnect, (e) => `dial   #${e.connection} ${e.target}`],
    [channels.connectionOpen, (e) => `open   #${e.connection} ${e.target}`],
    [channels.connectionClose, (e) => `close  #${e.connection} ${e.target} after ${e.served} exchanges`],
  ]
  if (level === 'protocol' || level === 'stream') {
    lines.push([channels.exchangeHead, (e) => `head   #${e.connection} ${e.url}\n${headText(e.head!)}`])
  }
  if (level === 'stream') lines.push([channels.connectionBytes, (e) => bytesText(e)])
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

function headText(head: ResponseHead): string {
  const lines = [`< ${head.status} ${head.statusText}`]
  for (const [name, value] of head.headers) lines.push(blank(`${name}: ${value}`))
  return lines.join('\n< ')
}

/** From the exchange, not from the bytes: those of a tick are one write, bodies among them. */
function requestHead({ request, path }: Exchange): string {
  const head = `\r\n${request.method} ${path} HTTP/1.1\r\n${blank(request.fields.trimEnd())}`
  return head.replaceAll('\r\n', '\n> ')
}

function bytesText(event: DebugEvent): string {
  const data = event.data!
  const text = typeof data === 'string' ? data : Buffer.from(data).toString('latin1')
  return `${event.direction === 'out' ? '>>' : '<<'}     #${event.connection} ${JSON.stringify(blank(text))}`
}

function blank(text: string): string {
  return text.replaceAll(SECRET, '$1$2 [hidden]')
}
