/**
 * Run as a program: which properties that an object does not have does lib look up, and so finds on
 * Object.prototype? Every name that stands in lib has a trap there. Prints what fell into one, as JSON.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Workload, type Places } from './workload.ts'

const lib = join(import.meta.dirname, '../../../lib/')

/** Every word of lib that could be a property, and what Node's sockets and TLS take. */
function names(): string[] {
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  const words = files.flatMap(
    (path) => readFileSync(join(lib, path), 'utf8').match(/[A-Za-z_$][\w$]*/g) ?? [],
  )
  return [...new Set([...words, ...OF_NODE])].filter(
    (name) => !(name in Object.prototype) && !OF_THE_LANGUAGE.has(name),
  )
}

/** Options of Node's sockets, TLS, streams and zlib that no file of lib names. */
const OF_NODE = `fd handle signal path lookup family hints localPort localAddress timeout autoSelectFamily
  autoSelectFamilyAttemptTimeout blockList allowHalfOpen pauseOnConnect pauseOnCreate noDelay keepAlive
  keepAliveInitialDelay onread readable writable objectMode readableObjectMode writableObjectMode highWaterMark
  readableHighWaterMark writableHighWaterMark encoding defaultEncoding decodeStrings emitClose autoDestroy
  captureRejections construct destroy final read write writev transform flush isServer server socket session
  pskCallback requestOCSP enableTrace SNICallback ALPNCallback requestCert rejectUnauthorized servername ca cert
  key pfx passphrase ciphers sigalgs ecdhCurve dhparam honorCipherOrder secureOptions secureProtocol minVersion
  maxVersion crl ticketKeys sessionTimeout sessionIdContext clientCertEngine privateKeyEngine
  privateKeyIdentifier minDHSize checkServerIdentity secureContext ALPNProtocols allowPartialTrustChain
  certificateCompression agent port host chunkSize windowBits level memLevel strategy dictionary finishFlush
  maxOutputLength info params rejectErrors typeOfService manualStart context reading`.split(/\s+/)

/** What the language itself looks up, in property descriptors, promises and loops: no program survives these. */
const OF_THE_LANGUAGE = new Set(
  'get set value writable enumerable configurable then return toJSON'.split(' '),
)

/** file:line of lib that reads it; '' for all others. */
function readerOf(stack: string): string {
  const frames = stack.split('\n').slice(2)
  const frame = frames.find((line) => !line.includes('<anonymous>')) ?? ''
  const at = frame.indexOf(lib)
  if (at !== -1) return frame.slice(at + lib.length).replace(/:\d+\)?$/, '')
  // Node's own code, called by lib.
  const caller = frames.find((line) => line.includes(lib))
  const node = /node:([\w/]+)/.exec(frame)?.[1]
  if (node === undefined || caller === undefined) return ''
  return `node:${node} by ${caller.slice(caller.indexOf(lib) + lib.length).replace(/:\d+:\d+\)?$/, '')}`
}

function trap(found: Map<string, Set<string>>): void {
  Error.stackTraceLimit = 30
  let inside = false
  for (const name of names()) {
    // oxlint-disable-next-line no-extend-native -- that is what is looked into, in a process of its own
    Object.defineProperty(Object.prototype, name, {
      __proto__: null,
      configurable: true,
      enumerable: false,
      get() {
        if (inside) return undefined
        inside = true
        const reader = readerOf(new Error('trap').stack ?? '')
        inside = false
        if (reader !== '') found.set(reader, (found.get(reader) ?? new Set()).add(name))
        return undefined
      },
      set(this: object, value: unknown) {
        Object.defineProperty(this, name, {
          __proto__: null,
          value,
          configurable: true,
          enumerable: true,
          writable: true,
        } as PropertyDescriptor)
      },
    } as PropertyDescriptor)
  }
}

const workload = new Workload(JSON.parse(process.argv[2]!) as Places)
const found = new Map<string, Set<string>>()
const before = new Set(Object.getOwnPropertyNames(Object.prototype))
trap(found)
// No wait before a retry.
Math.random = () => 0
for (const [, run] of workload.steps) await run()
for (const name of Object.getOwnPropertyNames(Object.prototype)) {
  if (!before.has(name)) Reflect.deleteProperty(Object.prototype, name)
}
const reads = [...found].map(([reader, read]) => `${reader} ${[...read].toSorted().join(' ')}`)
process.stdout.write(`${JSON.stringify(reads.toSorted(), null, 1)}\n`)
