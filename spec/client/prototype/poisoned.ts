/**
 * Run as a program: does everything a client can do, with Object.prototype full of 'options', or of those and
 * what 'node' looks up, or of 'nothing'. Prints what came of each step, as JSON.
 */
import { clientChecks, requestChecks } from '../../../lib/call/request/option-checks.ts'
import { Workload, type Places } from './workload.ts'

/** What would do harm where it was taken for an option. */
const HARMFUL: Readonly<Record<string, unknown>> = {
  autoThrottle: true,
  baseUrl: 'http://evil.test/',
  basic: { username: 'evil', password: 'evil' },
  bearer: 'stolen',
  body: 'polluted',
  bodyTimeout: 1,
  cacheMode: 'only-if-cached',
  cause: { code: 'ECONNRESET', status: 407, syscall: 'bind' },
  checkServerIdentity: () => undefined,
  clientIp: '127.0.0.9',
  clientIps: ['127.0.0.9'],
  code: 'ECONNRESET',
  concurrency: 1,
  decompress: false,
  denyPrivateAddresses: true,
  dnsTtl: -1,
  domain: 'evil.test',
  exists: 'fail',
  expectContinue: true,
  expectSuccess: true,
  expires: 0,
  headers: { 'X-Polluted': '1' },
  http_proxy: 'http://127.0.0.9:1',
  https_proxy: 'http://127.0.0.9:1',
  idempotent: false,
  json: { polluted: true },
  localAddress: '127.0.0.9',
  lookup: () => undefined,
  maxBodySize: 1,
  maxRedirects: 0,
  maxRetries: 99,
  method: 'DELETE',
  minInterval: 60_000,
  modifyRequest: () => ({ url: 'http://evil.test/' }),
  no_proxy: '*',
  onDownloadProgress: () => undefined,
  origins: ['http://evil.test'],
  pacing: { minInterval: 60_000 },
  policy: { denies: () => 'polluted' },
  proxy: 'http://127.0.0.9:1',
  pskCallback: () => ({ psk: Buffer.from('evil'), identity: 'evil' }),
  query: { polluted: '1' },
  redirect: 'error',
  refresh: 'polluted',
  rejectUnauthorized: false,
  replyTimeout: 1,
  resolve: () => '127.0.0.9',
  retryStatuses: [200],
  secretHeaders: ['x-a', 'x-b'],
  servername: 'evil.test',
  session: 'evil',
  status: 407,
  syscall: 'bind',
  tlsOptions: { rejectUnauthorized: false },
  totalTimeout: 1,
  url: 'http://evil.test/',
  use: [() => Promise.reject(new Error('polluted'))],
  validate: () => {
    throw new Error('polluted')
  },
}

/** What Node's own files and streams look up, too: with these, some of what they do fails. */
const OF_NODE: Readonly<Record<string, unknown>> = {
  // With these no module can be loaded: Node takes no URL for one.
  auth: { bearer: 'stolen', origins: ['http://127.0.0.1'] },
  path: '/nowhere/socket',
  signal: AbortSignal.abort(),
  fd: 0,
  handle: { polluted: true },
  host: '127.0.0.9',
  port: 9,
  family: 6,
  session: 'polluted',
  secureContext: { polluted: true },
  key: 'polluted',
  timeout: 1,
}

async function runAll(): Promise<Record<string, unknown>> {
  const told: Record<string, unknown> = {}
  for (const [name, run] of new Workload(places).steps) {
    told[name] = await run().catch((error: unknown) => String(error))
  }
  return told
}

const places = JSON.parse(process.argv[2]!) as Places
const others = [...clientChecks.keys(), ...requestChecks.keys()].filter(
  (name) => !(name in HARMFUL) && !(name in OF_NODE),
)
const options = { ...Object.fromEntries(others.map((name) => [name, 'polluted'])), ...HARMFUL }
const poison = { nothing: {}, options, node: { ...options, ...OF_NODE } }[process.argv[3]!]!
// No wait before a retry.
Math.random = () => 0
for (const [name, value] of Object.entries(poison)) {
  Reflect.defineProperty(Object.prototype, name, {
    __proto__: null,
    value,
    configurable: true,
    enumerable: false,
    writable: true,
  } as PropertyDescriptor)
}
const told = await runAll()
for (const name of Object.keys(poison)) Reflect.deleteProperty(Object.prototype, name)
process.stdout.write(JSON.stringify(told))
