import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { Nginx } from '../servers/nginx.ts'

export const NINE: readonly string[] = Array.from({ length: 9 }, (_, i) => `host${i}.test`)
export const TENTH = 'tenth.test'
/** What the tenth asks for, s. */
export const RETRY_AFTER = 2

/** A request by the server's clock, ms. */
export interface TimedRequest {
  readonly host: string
  readonly status: number
  /** When it was read, and when its answer had been sent. */
  readonly began: number
  readonly ended: number
}

/**
 * Nine hosts that answer, and one that answers 429 with Retry-After to what comes faster than it allows: so many at
 * once, and as many each second.
 */
export class RefusingSite implements AsyncDisposable {
  readonly nginx: Nginx
  readonly #seen: TimedRequest[] = []
  /** Bytes of the log that were read. */
  #end = 0

  private constructor(nginx: Nginx) {
    this.nginx = nginx
  }

  /** `pace`: answers a second on one connection to the nine, so that it is the connections that count and not the machine. */
  static async start(allowed: number, pace = 0): Promise<RefusingSite> {
    const paced = pace === 0 ? '' : 'limit_req zone=paced burst=10;'
    const nginx = await Nginx.start({
      servers: ({ plain }, folder) => `
        log_format times escape=json '{"host":"$host","status":$status,"at":$msec,"took":$request_time}';
        limit_req_zone $server_name zone=tenth:1m rate=${allowed}r/s;
        limit_req_zone $connection zone=paced:10m rate=${Math.max(1, pace)}r/s;
        server {
          listen 127.0.0.1:${plain};
          server_name ${NINE.join(' ')};
          access_log ${folder}/times.log times;
          root ${folder};
          location / { ${paced} try_files /none @page; }
          location @page { return 200 "$host$request_uri\\n"; }
        }
        server {
          listen 127.0.0.1:${plain};
          server_name ${TENTH};
          access_log ${folder}/times.log times;
          limit_req_status 429;
          limit_req_log_level notice;
          error_page 429 = @later;
          root ${folder};
          location / { limit_req zone=tenth burst=${allowed - 1} nodelay; try_files /none @page; }
          location @page { return 200 "$host$request_uri\\n"; }
          location @later { add_header Retry-After ${RETRY_AFTER} always; return 429; }
        }
      `,
    })
    return new RefusingSite(nginx)
  }

  /** The `n`th page of a host. */
  urlOf(host: string, n: number): string {
    return `http://${host}:${this.nginx.port}/${n}`
  }

  bodyOf(host: string, n: number): string {
    return `${host}/${n}\n`
  }

  /** All until now. Reads what is new only: whoever waits for something asks often. */
  requests(): readonly TimedRequest[] {
    const file = openSync(join(this.nginx.folder, 'times.log'), 'r')
    const bytes = Buffer.alloc(fstatSync(file).size - this.#end)
    readSync(file, bytes, 0, bytes.length, this.#end)
    closeSync(file)
    const whole = bytes.lastIndexOf('\n') + 1
    this.#end += whole
    for (const line of bytes.toString('utf8', 0, whole).split('\n').filter(Boolean))
      this.#seen.push(read(line))
    return this.#seen
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.nginx.stop()
  }
}

function read(line: string): TimedRequest {
  const { host, status, at, took } = JSON.parse(line) as {
    host: string
    status: number
    at: number
    took: number
  }
  const ended = Math.round(at * 1000)
  return { host, status, began: ended - Math.round(took * 1000), ended }
}

/** The tenth was asked for a pause, and what came of it. */
export interface PauseSeen {
  /** When the first 429 had been sent, ms. */
  readonly at: number
  /** Requests that came while it held. */
  readonly during: number
  /** ms from then to the first request after it; Infinity: none came. */
  readonly resumedAfter: number
}

/** `slack`: ms by which the server's clock may be late, which moves on between events only. */
export function pausesOf(requests: readonly TimedRequest[], slack: number): PauseSeen[] {
  const own = requests.filter(({ host }) => host === TENTH).toSorted((a, b) => a.began - b.began)
  const pauses: PauseSeen[] = []
  let over = -Infinity
  for (const { status, ended } of own.toSorted((a, b) => a.ended - b.ended)) {
    if (status !== 429 || ended < over) continue
    over = ended + RETRY_AFTER * 1000 - slack
    const later = own.filter(({ began }) => began > ended)
    const next = later.find(({ began }) => began >= over)
    pauses.push({
      at: ended,
      during: later.filter(({ began }) => began < over).length,
      resumedAfter: next === undefined ? Infinity : next.began - ended,
    })
  }
  return pauses
}
