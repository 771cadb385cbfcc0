import net from 'node:net'
import tls from 'node:tls'
import { type Meter, NOT_TIMED } from '../meter.ts'
import { isTls } from './agents.ts'
import type { Job, Load } from './job.ts'

/** Bytes read at most at once: as many as trawl reads. */
const READ_BUFFER = 262_144

/**
 * The floor: what the sockets alone cost. Writes bytes that are ready, as many requests at once as were answered, and
 * counts answers by their size; there is no parsing, no queue, no time limit and no promise, and the body is left
 * where it was read. A pipeline is filled again when half of it is answered: on a quiet machine answers come one by one,
 * and one write for each of them takes an eighth more.
 */
export const request: Load = async (job, meter) => {
  const { host } = new URL(job.origin)
  const text = `GET ${job.path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  const bursts = Array.from({ length: job.depth + 1 }, (_, count) => text.repeat(count))
  const sessions: Sessions = { last: undefined, context: isTls(job) ? tls.createSecureContext() : undefined }
  await Promise.all(
    Array.from({ length: job.connections }, async () => {
      do await new Promise<void>((resolve, reject) => drive(job, meter, bursts, sessions, resolve, reject))
      while (job.fresh && meter.goesOn)
    }),
  )
}

/** What TLS connections share: what the last one has left for the next to resume, and all that is trusted, read once. */
interface Sessions {
  last: Buffer | undefined
  readonly context: tls.SecureContext | undefined
}

/** One connection, until its end. Of the requests on it, one at a time is timed: the last one of a burst. */
function drive(
  job: Job,
  meter: Meter,
  bursts: readonly string[],
  sessions: Sessions,
  resolve: () => void,
  reject: (error: Error) => void,
): void {
  let answerSize = 0
  let pending = 0
  let sent = job.depth
  let answered = 0
  let owed = 0
  let timed = job.depth
  let place = meter.begin()
  const read = (bytes: number, buffer: Uint8Array): boolean => {
    if (answerSize === 0) answerSize = sizeOfAnswer(Buffer.from(buffer.buffer, buffer.byteOffset, bytes))
    pending += bytes
    const answers = Math.floor(pending / answerSize)
    if (answers === 0) return true
    pending -= answers * answerSize
    let goOn = true
    for (let n = 0; n < answers; n++) {
      answered++
      goOn = meter.done(answered === timed ? place : NOT_TIMED)
    }
    if (!goOn || job.fresh) {
      socket.destroy()
      resolve()
      return false
    }
    owed += answers
    if (owed < job.depth >> 1) return true
    if (answered >= timed) {
      place = meter.begin()
      timed = sent + owed
    }
    sent += owed
    socket.write(bursts[owed]!, 'latin1')
    owed = 0
    return true
  }
  const { hostname, port } = new URL(job.origin)
  const onread = { buffer: Buffer.allocUnsafeSlow(READ_BUFFER), callback: read }
  const options = { host: hostname, port: Number(port), noDelay: true, onread }
  const socket = isTls(job) ? connectTls(options, sessions) : net.connect(options)
  socket.on('error', reject)
  socket.write(bursts[job.depth]!, 'latin1')
}

function connectTls(options: net.TcpNetConnectOpts, sessions: Sessions): tls.TLSSocket {
  const { last: session, context: secureContext } = sessions
  const socket = tls.connect({ ...options, session, secureContext } as tls.ConnectionOptions)
  socket.on('session', (last: Buffer) => (sessions.last = last))
  return socket
}

/** Of the first answer, whose head came with the first read: all others are as long. */
function sizeOfAnswer(start: Buffer): number {
  const head = start.toString('latin1', 0, start.indexOf('\r\n\r\n') + 4)
  const length = /^content-length: *(\d+)/im.exec(head)
  if (length === null) throw new Error(`a head without its length: ${head}`)
  return head.length + Number(length[1])
}
