import { proxyFromEnvironment } from '../index.ts'
import { checkByClient } from './check-by-client.ts'
import { usageError } from './cli-error.ts'
import { readLogin } from './credentials.ts'

/** What -x and its like were given. */
export interface ProxyFlags {
  readonly proxy?: string
  readonly proxyUser?: string
  readonly noproxy?: string
}

type Environment = Readonly<Record<string, string | undefined>>
type ProxyOfUrl = (url: string) => string | null

/**
 * The proxy of each URL, as curl chooses it: -x goes before the environment, and an empty one means
 * none; --noproxy goes before the environment's. undefined: there is none for any URL.
 */
export function readProxies(
  { proxy, proxyUser, noproxy }: ProxyFlags,
  env: Environment,
): ProxyOfUrl | undefined {
  if (proxy === '') return undefined
  const exceptions = noproxy ?? (env['no_proxy'] || env['NO_PROXY'])
  const proxies: Environment =
    proxy === undefined ? { ...env, no_proxy: '', NO_PROXY: '' } : { http_proxy: proxy, https_proxy: proxy }
  const named = proxyFromEnvironment(proxies)
  const all = new Set([named('http://a/'), named('https://a/')])
  all.delete(null)
  if (all.size === 0) {
    if (proxyUser === undefined) return undefined
    throw usageError('--proxy-user is given, but no proxy; add -x URL')
  }
  const login = proxyUser === undefined ? '' : encodeLogin(proxyUser)
  const flag = proxy === undefined ? 'the proxy of the environment' : '-x'
  const whole = new Map<string, string>()
  for (const url of all) {
    whole.set(url!, withLogin(flag, url!, login))
    checkByClient(flag, { proxy: whole.get(url!) })
  }
  const chosen = proxyFromEnvironment({ ...proxies, no_proxy: exceptions })
  return (url) => {
    const given = chosen(url)
    return given === null ? null : whole.get(given)!
  }
}

function encodeLogin(proxyUser: string): string {
  const { username, password } = readLogin('--proxy-user', proxyUser)
  return `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`
}

function withLogin(flag: string, url: string, login: string): string {
  if (login === '') return url
  if (url.includes('@')) {
    throw usageError(`${flag} has a user name already; leave it out there, or leave --proxy-user out`)
  }
  return /^[a-z][a-z\d+.-]*:\/\//iu.test(url) ? url.replace('://', () => `://${login}`) : login + url
}
