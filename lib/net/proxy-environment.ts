import { BlockList, isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { ArgumentError } from '../core/errors.ts'
import { ownOptions } from '../core/own-options.ts'

/** An entry of NO_PROXY that is a name: the host itself and all below it. */
interface Suffix {
  readonly name: string
  /** -1: any. */
  readonly port: number
}

/**
 * The proxy that the environment names for a URL, as curl reads it; null for none. It is read once.
 *
 * `http_proxy`, `https_proxy`, else `all_proxy`; lower case before upper case; empty is as not set.
 * `no_proxy` lists exceptions by comma or blank: `*`, a host (it and all below it, with or without a
 * leading dot or `*.`), `host:port`, addresses and blocks such as `10.0.0.0/8`.
 * Values without a scheme mean `http://`.
 */
export function proxyFromEnvironment(
  given: Readonly<Record<string, string | undefined>>,
): (url: string) => string | null {
  const env = ownOptions(given)
  const get = (name: string): string | undefined => env[name] || env[name.toUpperCase()] || undefined
  const all = get('all_proxy')
  // A CGI script finds the request's field `Proxy` as HTTP_PROXY (CVE-2016-5385): curl never reads it,
  // Go does not where REQUEST_METHOD shows that it is one.
  const http = (env['REQUEST_METHOD'] ? env['http_proxy'] || undefined : get('http_proxy')) ?? all
  const https = get('https_proxy') ?? all
  const isExcepted = exceptions(get('no_proxy') ?? '')
  return (url) => {
    const parsed = parseUrl(url)
    const proxy = parsed.protocol === 'http:' ? http : parsed.protocol === 'https:' ? https : undefined
    return proxy === undefined || isExcepted(parsed) ? null : proxy
  }
}

function parseUrl(url: string): URL {
  try {
    return new URL(url)
  } catch (error) {
    throw new ArgumentError(`${JSON.stringify(url)} is no URL: give an absolute one`, error)
  }
}

function exceptions(list: string): (url: URL) => boolean {
  const blocks = new BlockList()
  const suffixes: Suffix[] = []
  for (const entry of list.split(/[\s,]+/).filter(Boolean)) {
    if (entry === '*') return () => true
    if (!addBlock(blocks, entry)) suffixes.push(readSuffix(entry))
  }
  return (url) => {
    const host = plainHost(url.hostname)
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
    const family = isIP(host)
    if (family !== 0 && blocks.check(host, family === 4 ? 'ipv4' : 'ipv6')) return true
    return suffixes.some((suffix) => matches(suffix, host, port, family !== 0))
  }
}

/** An address or a block of them, into `blocks`. false: it is neither, but a name or has a port. */
function addBlock(blocks: BlockList, entry: string): boolean {
  const [address = '', bits] = entry.split('/')
  const bare = address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address
  const version = isIP(bare)
  if (version === 0) return false
  const family = version === 4 ? 'ipv4' : 'ipv6'
  if (bits === undefined) blocks.addAddress(bare, family)
  // A block that is none matches nothing, as in curl: a guess could send a secret past the proxy.
  else if (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)) {
    blocks.addSubnet(bare, Number(bits), family)
  }
  return true
}

function readSuffix(entry: string): Suffix {
  const [, name = entry, port = '-1'] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? []
  const bare = plainHost(name.replace(/^\*?\./, ''))
  return { name: domainToASCII(bare) || bare, port: Number(port) }
}

function matches({ name, port }: Suffix, host: string, atPort: number, isAddress: boolean): boolean {
  if (name === '' || (port !== -1 && port !== atPort)) return false
  return host === name || (!isAddress && host.endsWith(`.${name}`))
}

/** Lower case, without brackets and without the root's dot. */
function plainHost(host: string): string {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  return (bare.endsWith('.') ? bare.slice(0, -1) : bare).toLowerCase()
}
