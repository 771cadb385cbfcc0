import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, RequestError, type Response } from '../../lib/index.ts'
import { HtmlReport } from '../../lib/reports/html-report.ts'
import type { RunOutcome } from '../../lib/reports/run-outcome.ts'
import { Nginx } from './nginx.ts'

export const HOSTS = ['shop.test', 'news.test', 'files.test', 'maps.test', 'polite.test'] as const

/** What a run has done, counted apart from the page. */
export interface PageRun {
  readonly outcomes: readonly RunOutcome[]
  readonly dialled: number
  readonly reused: number
}

const TEXT = 'the quick brown fox jumps over the lazy dog '.repeat(40)

/**
 * Hosts that differ: `shop` answers small pages at once, `news` coded ones, `files` large ones slowly, `maps` has pages
 * that are missing and now and then closes the connection; `polite` answers 429 when asked too often.
 */
function servers(port: number, folder: string): string {
  writeFileSync(join(folder, 'large.txt'), TEXT.repeat(12))
  const server = (host: string, rest: string): string => `server {
    listen 127.0.0.1:${port};
    server_name ${host};
    keepalive_requests 100000;
    ${rest}
  }`
  return [
    'limit_req_zone $server_name zone=polite:1m rate=5r/s;',
    server('shop.test', `location / { return 200 "$request_uri ${TEXT}"; }`),
    server(
      'news.test',
      `gzip on; gzip_types text/plain; location / { return 200 "$request_uri ${TEXT}${TEXT}"; }`,
    ),
    server('files.test', `location / { root ${folder}; limit_rate 400k; try_files /large.txt =404; }`),
    server(
      'maps.test',
      `location ~ "[05]$" { return 404 "none"; }
       location ~ "27$" { return 444; }
       location / { return 200 "$request_uri"; }`,
    ),
    server(
      'polite.test',
      `limit_req zone=polite burst=3 nodelay; limit_req_status 429;
       error_page 429 @slower;
       location @slower { add_header Retry-After 1 always; return 429 "slower"; }
       location / { try_files /none @page; }
       location @page { return 200 "$request_uri"; }`,
    ),
  ].join('\n')
}

export function startSite(): Promise<Nginx> {
  return Nginx.start({ servers: ({ plain }, folder) => servers(plain, folder) })
}

/** Works off `count` URLs from two client IPs, pipelined, and writes a page about it. */
export async function runWithPage(nginx: Nginx, path: string, count: number): Promise<PageRun> {
  const client = new Client({
    resolve: () => ['127.0.0.1'],
    clientIps: ['127.0.0.1', '127.0.0.2'],
    maxPipelinedRequests: 4,
    maxConnPerTarget: 2,
    maxRetries: 2,
    hosts: { 'polite.test': { maxPipelinedRequests: 1 } },
  })
  const started = performance.now()
  const report = await HtmlReport.open(path, {
    title: `${count} pages of five hosts`,
    note: 'Two client IPs, two connections to each host from each, four requests in flight on each.',
    stats: () => client.stats(),
  })
  const outcomes: RunOutcome[] = []
  const urls = Array.from({ length: count }, (_, i) => urlOf(i, nginx.port))
  const items = client.map(urls, (response) => response, {
    toRequest: (url: string) => url,
    concurrency: 400,
  })
  for await (const { item, value, error } of items) {
    const outcome = value === undefined ? failed(item, error) : answered(item, value)
    outcomes.push(outcome)
    report.add(outcome)
  }
  const stats = client.stats()
  await client.close()
  await report.close({ elapsedMs: performance.now() - started, stopped: '', stats })
  return { outcomes, dialled: stats.dialled, reused: stats.reused }
}

/** One in 500 is of the host that wants to be asked seldom. */
function urlOf(n: number, port: number): string {
  const host = n % 500 === 499 ? HOSTS[4] : HOSTS[n % 4]!
  return `http://${host}:${port}/page/${n}`
}

function answered(url: string, response: Response): RunOutcome {
  const { status, timings } = response
  return {
    url,
    host: new URL(url).host,
    ok: status === 200,
    status,
    error: '',
    message: status === 200 ? '' : `answered ${status}`,
    bytesOnWire: response.bytesOnWire,
    bytesDecoded: response.bytesDecoded,
    headMs: timings.head,
    totalMs: timings.total,
    clientIp: response.clientIp,
    retries: response.retries,
    redirects: response.redirects.length,
    cache: response.cache ?? '',
  }
}

function failed(url: string, error: Error): RunOutcome {
  return {
    url,
    host: new URL(url).host,
    ok: false,
    status: 0,
    error: error instanceof RequestError ? error.code : 'ERR_OTHER',
    message: error.message,
    bytesOnWire: -1,
    bytesDecoded: -1,
    headMs: -1,
    totalMs: -1,
    clientIp: '',
    retries: -1,
    redirects: -1,
    cache: '',
  }
}
