import { type ChildProcess, spawn } from 'node:child_process'
import { createCipheriv } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { generate } from 'selfsigned'
import { Nginx, whyNoNginx } from '../spec/servers/nginx.ts'
import { htmlPage } from './pages.ts'

/** Bytes of a body, as they are after decoding, by its path. `/files/N.html` is as long for every N. */
export const BODY_SIZES = {
  '/small': 128,
  '/64k': 65_536,
  '/gzip-2k': 2_048,
  '/gzip-20k': 20_480,
  '/gzip-200k': 204_800,
  '/100m': 100_000_000,
  '/files/': 128,
  '/closed': 128,
  '/kept': 128,
} as const

/** A sixteenth more than the 20,000 that a case may open: nginx closes idle ones when less than that is free. */
const MAX_CONNECTIONS = 22_000
const SMALL = 'x'.repeat(BODY_SIZES['/small'])

/**
 * What all cases ask, for as long as the run lasts: one nginx with one worker, and a server that answers late, each in a
 * process of its own. Any Host name gets the same answers.
 */
export interface Site {
  /** `http://127.0.0.1:port`, and the same over TLS, with a certificate for `localhost` and the addresses. */
  readonly origin: string
  readonly tlsOrigin: string
  /** The same, without what a client needs to resume a session: each handshake is a full one. */
  readonly fullTlsOrigin: string
  /** The certificate, as PEM and the path of its file. */
  readonly ca: string
  readonly caFile: string
  /** Answers 128 bytes after 50 ms. */
  readonly delayOrigin: string
  /** To count connections by, and for its ports. */
  readonly nginx: Nginx
  /** What is served as files lies below it; cases may make folders of their own here. Gone after `close`. */
  readonly folder: string
  close(): Promise<void>
}

/** Throws when there is no nginx; `close` ends what it started. */
export async function openSite(): Promise<Site> {
  const missing = whyNoNginx()
  if (missing !== null) throw new Error(missing)
  let ca = ''
  const nginx = await Nginx.start({
    accessLog: false,
    maxConnections: MAX_CONNECTIONS,
    servers: async ({ plain, tls }, folder) => {
      ca = await writeCertificate(folder)
      writeFiles(join(folder, 'site'))
      return serverBlock(plain, tls, folder)
    },
  })
  let delaying: ChildProcess | null = null
  const close = async (): Promise<void> => {
    if (delaying !== null && delaying.exitCode === null && delaying.signalCode === null) {
      const exited = once(delaying, 'exit')
      delaying.kill()
      await exited
    }
    await nginx.stop()
  }
  try {
    delaying = spawn(process.execPath, [join(import.meta.dirname, 'servers/delaying.ts')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const [line] = (await once(delaying.stdout!, 'data')) as [Buffer]
    return {
      origin: `http://127.0.0.1:${nginx.port}`,
      tlsOrigin: `https://127.0.0.1:${nginx.tlsPort}`,
      fullTlsOrigin: `https://127.0.0.2:${nginx.tlsPort}`,
      ca,
      caFile: join(nginx.folder, 'cert.pem'),
      delayOrigin: `http://127.0.0.1:${Number(line.toString())}`,
      nginx,
      folder: nginx.folder,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** By its address, so that no case waits for a name to be looked up. */
async function writeCertificate(folder: string): Promise<string> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '127.0.0.2' },
        ],
      },
    ],
  })
  writeFileSync(join(folder, 'cert.pem'), cert)
  writeFileSync(join(folder, 'key.pem'), key)
  return cert
}

function writeFiles(folder: string): void {
  mkdirSync(folder)
  for (const [path, size] of Object.entries(BODY_SIZES)) {
    if (path.startsWith('/gzip-')) writeFileSync(join(folder, path), gzipSync(htmlPage(size)))
  }
  // What no compression and no guess shortens, the same in every run.
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))
  const random = cipher.update(Buffer.alloc(BODY_SIZES['/100m']))
  writeFileSync(join(folder, '100m'), random)
  writeFileSync(join(folder, '64k'), random.subarray(0, BODY_SIZES['/64k']))
}

function serverBlock(plain: number, tls: number, folder: string): string {
  const packed = `default_type "text/html; charset=utf-8"; add_header Content-Encoding gzip;`
  const locations = `
      ssl_certificate ${folder}/cert.pem;
      ssl_certificate_key ${folder}/key.pem;
      # Before 1.23.4, nginx leaves out the newer one by default.
      ssl_protocols TLSv1.2 TLSv1.3;
      root ${folder}/site;
      sendfile on;
      tcp_nodelay on;
      open_file_cache max=100;
      keepalive_requests 100000000;
      keepalive_timeout 600s;
      location = /small { return 200 "${SMALL}"; }
      location = /kept { return 200 "${SMALL}"; }
      location = /closed { keepalive_timeout 0; return 200 "${SMALL}"; }
      location /files/ { default_type text/html; return 200 "${SMALL}"; }
      location /gzip- { ${packed} }
      location = /64k { default_type application/octet-stream; }
      location = /100m { default_type application/octet-stream; }
  `
  return `
    server {
      listen 127.0.0.1:${plain} default_server backlog=4096;
      listen 127.0.0.1:${tls} ssl default_server backlog=4096;
      ssl_session_cache shared:sessions:4m;
      ${locations}
    }
    server {
      listen 127.0.0.2:${tls} ssl default_server backlog=4096;
      ssl_session_cache off;
      ssl_session_tickets off;
      ${locations}
    }`
}
