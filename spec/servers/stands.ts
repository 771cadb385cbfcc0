import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientOptions } from '../../lib/index.ts'
import { Apache, apacheProgram } from './apache.ts'
import { writeCertificate } from './certificate.ts'
import { Haproxy, haproxyProgram } from './haproxy.ts'
import { Lighttpd, lighttpdProgram } from './lighttpd.ts'
import { Nginx, nginxProgram } from './nginx.ts'
import type { Program } from './program.ts'
import { before } from './server-process.ts'
import { writeFiles } from './shelf.ts'
import { Squid, squidProgram } from './squid.ts'

/** A site as clients reach it. */
export interface Door {
  /** Where clients connect to: what a tap may stand before. */
  readonly port: number
  /** How a client goes there, when what it connects to is `port`. */
  by(port: number): Way
  /** The connection of each request whose URL ends so, by the server's own log: at least `count`, or all after 10 s. */
  answered(ending: string, count: number): Promise<readonly string[]>
}

export interface Way {
  readonly origin: string
  readonly options: ClientOptions
}

/**
 * A site with the files of the shelf, and `large.bin`, below `/files/`; the same below `/gzip/`, compressed on
 * the way; `/chunked/`, without a length; `/close/`, without a length and not chunked.
 */
export interface Stand extends AsyncDisposable {
  readonly site: Door
  /** The same site, where a connection answers `perConnection` requests and no more. */
  readonly limited: Door
  readonly perConnection: number
}

export interface Route {
  readonly name: string
  readonly programs: readonly Program[]
  readonly isEncrypted: boolean
  /** Whether what has no length, and is not to be chunked, gets here as it is. */
  readonly endsByClose: boolean
  /**
   * Whether it reads on, for a while, what comes behind the last request that it answers. HAProxy 2.6.12 does
   * not: where requests are pipelined its close is a reset, and takes answers along that were on their way.
   */
  readonly lingers: boolean
  start(): Promise<Stand>
}

export const LARGE: Buffer = randomBytes(3_000_000)
const LIMIT = 7
const SITE = 'site.test'
const LIMITED = 'limited.test'
const resolve = (): string => '127.0.0.1'

function writeSite(folder: string): void {
  writeFiles(folder)
  writeFileSync(join(folder, 'large.bin'), LARGE)
  // The tag of a file of this second is a weak one with Apache, as its date is with all.
  utimesSync(join(folder, 'large.bin'), 1_000_000_000, 1_000_000_000)
}

function direct(scheme: string, host: string, ca?: string): (port: number) => Way {
  return (port) => ({ origin: `${scheme}://${host}:${port}`, options: { resolve, tlsOptions: { ca } } })
}

function through(origin: string, ca?: string): (port: number) => Way {
  return (port) => ({ origin, options: { proxy: `http://127.0.0.1:${port}`, tlsOptions: { ca } } })
}

// --- nginx -----------------------------------------------------------------------------------------

/** nginx 1.22.1 answers as many as `keepalive_requests`, and says `close` with the last. */
async function startNginx(): Promise<{ nginx: Nginx; ca: string; folder: string }> {
  let ca = ''
  const nginx = await Nginx.start({
    servers: async ({ plain, tls }, folder) => {
      ca = await writeCertificate(folder, [SITE, LIMITED])
      writeSite(join(folder, 'files'))
      const open = `listen 127.0.0.1:${plain}; listen 127.0.0.1:${tls} ssl;`
      const files = `alias ${folder}/files/;`
      const locations = `
        location /files/ { ${files} }
        location /gzip/ { ${files} gzip on; gzip_types text/plain; gzip_min_length 0; gzip_proxied any; }
        location /chunked/ { ${files} ssi on; ssi_types text/plain; }
        location /close/ { ${files} ssi on; ssi_types text/plain; chunked_transfer_encoding off; }
      `
      return `
        ssl_certificate ${folder}/cert.pem;
        ssl_certificate_key ${folder}/key.pem;
        server { ${open} server_name ${SITE}; ${locations} }
        server { ${open} server_name ${LIMITED}; keepalive_requests ${LIMIT}; ${locations} }
      `
    },
  })
  return { nginx, ca, folder: nginx.folder }
}

async function nginxAnswered(nginx: Nginx, ending: string, count: number): Promise<string[]> {
  const entries = await nginx.logged(count, ({ uri }) => uri.endsWith(ending))
  return entries.map(({ connection }) => String(connection))
}

async function nginxStand(scheme: 'http' | 'https'): Promise<Stand> {
  const { nginx, ca } = await startNginx()
  const port = scheme === 'http' ? nginx.port : nginx.tlsPort
  const answered: Door['answered'] = (ending, count) => nginxAnswered(nginx, ending, count)
  const site = { port, by: direct(scheme, SITE, ca), answered }
  return {
    site,
    limited: { port, by: direct(scheme, LIMITED, ca), answered },
    perConnection: LIMIT,
    [Symbol.asyncDispose]: () => nginx.stop(),
  }
}

// --- Apache ----------------------------------------------------------------------------------------

/** mod_bucketeer flushes where it finds this: what was flushed before its end has no length. */
const FLUSH = '\u0006'

/** Apache 2.4.71 answers one more than MaxKeepAliveRequests: the first counts as none. */
async function apacheStand(): Promise<Stand> {
  const apache = await Apache.start((folder) => {
    writeSite(join(folder, 'site/files'))
    writeFiles(join(folder, 'site/chunked'), FLUSH)
    return `
      AddType text/plain .txt
      MaxKeepAliveRequests 100
      Alias /gzip/ ${folder}/site/files/
      Alias /close/ ${folder}/site/chunked/
      <Location /gzip/>
        SetOutputFilter DEFLATE
      </Location>
      <LocationMatch ^/(chunked|close)/>
        SetOutputFilter BUCKETEER
      </LocationMatch>
      SetEnvIf Request_URI ^/close/ nokeepalive downgrade-1.0 force-response-1.0
      <VirtualHost *>
        ServerName ${SITE}
      </VirtualHost>
      <VirtualHost *>
        ServerName ${LIMITED}
        MaxKeepAliveRequests ${LIMIT}
      </VirtualHost>
    `
  })
  const answered: Door['answered'] = async (ending, count) =>
    (await apache.logged(count, ({ path }) => path.endsWith(ending))).map(({ connection }) => connection)
  const site = { port: apache.port, by: direct('http', SITE), answered }
  return {
    site,
    limited: { ...site, by: direct('http', LIMITED) },
    perConnection: LIMIT + 1,
    [Symbol.asyncDispose]: () => apache.stop(),
  }
}

// --- lighttpd --------------------------------------------------------------------------------------

/**
 * lighttpd 1.4.69 gives a length to what it has whole: only a program's output, handed on as it comes, has
 * none; and only as HTTP/1.0 is that not chunked. It answers one more than `max-keep-alive-requests`.
 */
async function lighttpdStand(): Promise<Stand> {
  const lighttpd = await Lighttpd.start((folder) => {
    writeSite(join(folder, 'files'))
    const program = join(folder, 'print')
    writeFileSync(program, `#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nexec cat "$1"\n`)
    chmodSync(program, 0o755)
    const files = `"${folder}/files/"`
    return `
alias.url = ("/gzip/" => ${files}, "/chunked/" => ${files}, "/close/" => ${files})
$HTTP["url"] =~ "^/gzip/" {
  deflate.allowed-encodings = ("gzip")
  deflate.mimetypes = ("text/plain")
}
$HTTP["url"] =~ "^/(chunked|close)/" {
  cgi.assign = (".txt" => "${program}")
  server.stream-response-body = 1
}
$HTTP["url"] =~ "^/close/" { server.protocol-http11 = "disable" }
$HTTP["host"] =~ "^${LIMITED}" { server.max-keep-alive-requests = ${LIMIT} }
`
  })
  const answered: Door['answered'] = async (ending, count) =>
    (await lighttpd.logged(count, ({ path }) => path.endsWith(ending))).map(({ connection }) => connection)
  const site = { port: lighttpd.port, by: direct('http', SITE), answered }
  return {
    site,
    limited: { ...site, by: direct('http', LIMITED) },
    perConnection: LIMIT + 1,
    [Symbol.asyncDispose]: () => lighttpd.stop(),
  }
}

// --- HAProxy, before nginx -------------------------------------------------------------------------

/**
 * HAProxy 2.6 has no limit of requests for a connection of HTTP/1.1: it counts them in a variable of the
 * session, and says `close`. It compresses by itself, and hands on as chunked what is no longer as long as
 * was said.
 */
async function haproxyStand(scheme: 'http' | 'https'): Promise<Stand> {
  const { nginx, ca, folder: origin } = await startNginx()
  const haproxy = await before(nginx, () =>
    Haproxy.start({
      sections: ({ plain, tls }, folder) => {
        const both = ['cert.pem', 'key.pem'].map((name) => readFileSync(join(origin, name), 'utf8'))
        writeFileSync(join(folder, 'both.pem'), both.join('\n'))
        return `
        frontend front
          bind 127.0.0.1:${plain}
          bind 127.0.0.1:${tls} ssl crt ${folder}/both.pem
          tcp-request connection set-var(sess.count) int(0)
          http-request set-var(sess.count) var(sess.count),add(1)
          http-request set-var(txn.limited) bool(true) if { hdr_beg(host) -i ${LIMITED} }
          http-after-response set-header Connection close if { var(txn.limited) -m bool } { var(sess.count) -m int ge ${LIMIT} }
          use_backend packed if { path_beg /gzip/ }
          default_backend plain
        backend plain
          http-reuse always
          server nginx 127.0.0.1:${nginx.port}
        backend packed
          http-reuse always
          compression algo gzip
          compression type text/plain
          http-request replace-path /gzip/(.*) /files/\\1
          server nginx 127.0.0.1:${nginx.port}
      `
      },
    }),
  )
  const port = scheme === 'http' ? haproxy.port : haproxy.tlsPort
  const answered: Door['answered'] = async (ending, count) =>
    (await haproxy.logged(count, ({ path }) => path.endsWith(ending))).map(({ connection }) => connection)
  // nginx says `close` to HAProxy as well, where the host is the limited one: it takes a new connection.
  const site = { port, by: direct(scheme, SITE, ca), answered }
  return {
    site,
    limited: { ...site, by: direct(scheme, LIMITED, ca) },
    perConnection: LIMIT,
    [Symbol.asyncDispose]: async () => {
      await haproxy[Symbol.asyncDispose]()
      await nginx.stop()
    },
  }
}

// --- squid, before nginx ---------------------------------------------------------------------------

const hosts = [SITE, LIMITED]

/**
 * squid 5.7 has no limit of requests for a connection but one of 1. Whatever it gets without a length it
 * hands on chunked, and keeps the connection.
 */
async function squidStand(): Promise<Stand> {
  const { nginx } = await startNginx()
  const squid = await before(nginx, () => Squid.start({ hosts }))
  const both = {
    stop: async () => {
      await squid[Symbol.asyncDispose]()
      await nginx.stop()
    },
  }
  const more = 'client_persistent_connections off'
  const brief = await before(both, () => Squid.start({ hosts, more }))
  const by = through(`http://${SITE}:${nginx.port}`)
  const doorOf = (proxy: Squid): Door => ({
    port: proxy.port,
    by,
    answered: async (ending, count) =>
      (await proxy.logged(count, ({ url }) => url.endsWith(ending))).map(({ clientPort }) =>
        String(clientPort),
      ),
  })
  return {
    site: doorOf(squid),
    limited: doorOf(brief),
    perConnection: 1,
    [Symbol.asyncDispose]: async () => {
      await brief[Symbol.asyncDispose]()
      await both.stop()
    },
  }
}

/** Each connection to nginx is a tunnel of its own through squid. */
async function tunnelStand(): Promise<Stand> {
  const { nginx, ca } = await startNginx()
  const squid = await before(nginx, () => Squid.start({ hosts }))
  const doorOf = (host: string): Door => ({
    port: squid.port,
    by: through(`https://${host}:${nginx.tlsPort}`, ca),
    answered: (ending, count) => nginxAnswered(nginx, ending, count),
  })
  return {
    site: doorOf(SITE),
    limited: doorOf(LIMITED),
    perConnection: LIMIT,
    [Symbol.asyncDispose]: async () => {
      await squid[Symbol.asyncDispose]()
      await nginx.stop()
    },
  }
}

const plain = { isEncrypted: false, endsByClose: true, lingers: true }
const encrypted = { isEncrypted: true, endsByClose: true, lingers: true }
const beforeNginx = (program: Program): readonly Program[] => [program, nginxProgram]

export const ROUTES: readonly Route[] = [
  { name: 'nginx', programs: [nginxProgram], ...plain, start: () => nginxStand('http') },
  { name: 'nginx, TLS', programs: [nginxProgram], ...encrypted, start: () => nginxStand('https') },
  { name: 'Apache', programs: [apacheProgram], ...plain, start: apacheStand },
  { name: 'lighttpd', programs: [lighttpdProgram], ...plain, start: lighttpdStand },
  {
    name: 'HAProxy',
    programs: beforeNginx(haproxyProgram),
    ...plain,
    lingers: false,
    start: () => haproxyStand('http'),
  },
  {
    name: 'HAProxy, TLS',
    programs: beforeNginx(haproxyProgram),
    ...encrypted,
    lingers: false,
    start: () => haproxyStand('https'),
  },
  { name: 'squid', programs: beforeNginx(squidProgram), ...plain, endsByClose: false, start: squidStand },
  { name: 'squid, a tunnel', programs: beforeNginx(squidProgram), ...encrypted, start: tunnelStand },
]
