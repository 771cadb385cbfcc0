import type { Answered } from './server.ts'
import { PROXY_FIELD } from './proxy.ts'
import { jarOf } from './twists.ts'
import type { Secret } from './workload.ts'
import type { World } from './world.ts'
import type { Written } from './write-tap.ts'

/** What went where it must not go: credentials, cookies, secret fields; and what did not go where it must. */
export function checkSecrets(world: World): string[] {
  const records = new Map(world.records.map((record) => [record.spec.id, record]))
  const begun = new Set<number>()
  // A Location's own user takes the place of the client's for the rest of the chain.
  const others = new Set(world.book.answers.filter(isToUser).map(({ call }) => call))
  const wrong: string[] = []
  for (const written of world.tap.written) {
    const own = records.get(written.call)?.spec.secret ?? 'none'
    const secret = own !== 'authorization' && others.has(written.call) ? 'url' : own
    // Its first request goes where it was made for, and so has to bring what is secret.
    const due = begun.has(written.call) ? 'none' : own
    begun.add(written.call)
    const found = [
      ...checkAuthorization(world, written, secret, due),
      ...checkCookies(world, written, due),
      ...checkKey(written, due),
      ...checkProxyField(world, written),
    ]
    wrong.push(...found.map((text) => `call ${written.call}, to ${written.origin}${written.path}: ${text}`))
  }
  return [...wrong, ...checkKept(world)]
}

function isToUser({ fields }: Answered): boolean {
  return fields.get('location')?.includes('@') === true
}

/** Whatever authorizes names the origin that it is for. */
function checkAuthorization(
  { stages, servers }: World,
  { headers, origin, call }: Written,
  secret: Secret,
  due: Secret,
): string[] {
  const value = headers.get('authorization')
  if (value === undefined) {
    if (due === 'authorization' || due === 'url') return ['without its Authorization']
    const isOwn = secret === 'authorization' || secret === 'url'
    const isMissing = stages.authKind !== null && !isOwn && origin === servers[0]!.origin
    // A digest answers what was asked before, and not every time.
    return isMissing && stages.authKind !== 'digest' ? ['without the credentials for it'] : []
  }
  const [scheme = '', token = ''] = value.split(' ')
  if (scheme === 'Bearer' && token.startsWith('auth~')) {
    return token.startsWith(`auth~${origin}~`) && stages.authKind === 'bearer' ? [] : [`has ${value}`]
  }
  if (scheme === 'Bearer') {
    return token === `${origin}~${call % 2}` && secret === 'authorization' ? [] : [`has ${value}`]
  }
  if (scheme === 'Digest') {
    const isHere = origin === servers[0]!.origin && value.includes(`nonce="${origin}~`)
    return isHere && stages.authKind === 'digest' ? [] : [`has ${value}`]
  }
  const [, ...password] = Buffer.from(token, 'base64').toString().split(':')
  return password.join(':') === origin ? [] : [`has the password of ${password.join(':')}`]
}

/** What is the proxy's stands in what ends there, and nowhere else; and only there the whole URL. */
function checkProxyField({ stages }: World, { headers, origin, absolute }: Written): string[] {
  const isEnd = origin.startsWith('http:') && stages.isProxied(origin)
  const field = headers.get('proxy-authorization')
  if (field !== (isEnd ? PROXY_FIELD : undefined)) return [`has Proxy-Authorization ${field}`]
  return absolute === (isEnd ? origin : '') ? [] : [`has ${absolute} in its first line`]
}

function checkKey({ headers, origin, call }: Written, due: Secret): string[] {
  const value = headers.get('x-api-key')
  if (value === undefined) return due === 'key' ? ['without its X-Api-Key'] : []
  return value === `${origin}~${call % 2}` ? [] : [`has X-Api-Key ${value}`]
}

/** Each cookie names the host and jar that it was set for; or, where the user gave it, the origin. */
function checkCookies(
  { stages }: World,
  { headers, origin, host, call, clientIp }: Written,
  due: Secret,
): string[] {
  const field = headers.get('cookie')
  if (due === 'cookie' && field?.startsWith('own=') !== true) return ["without the user's cookie"]
  if (field === undefined) return []
  const jar = jarOf(headers, clientIp)
  const wrong: string[] = []
  for (const pair of field.split('; ')) {
    const [value = '', ...parts] = pair.slice(pair.indexOf('=') + 1).split('~')
    if (pair.startsWith('own=')) {
      if (`${value}~${parts[0]}` !== `${origin}~${call % 2}`) wrong.push(`has the user's cookie ${pair}`)
      continue
    }
    if (!stages.cookies) wrong.push(`has the cookie ${pair}, and there is no jar`)
    if (parts.length === 0) continue
    if (value !== host || parts[0] !== jar) wrong.push(`has the cookie ${pair} with the jar of ${jar}`)
    if (parts[1] === 'secure' && !origin.startsWith('https:')) wrong.push(`has the secure cookie ${pair}`)
    if (parts[1] === 'nowhere') wrong.push(`has the cookie ${pair} of another path`)
  }
  return wrong
}

/** A cookie without an end that somebody's answer has set goes with all that its jar asks for later. */
function checkKept({ stages, records, book, tap }: World): string[] {
  if (!stages.cookies) return []
  const keptSince = new Map<string, number>()
  const started = new Map(records.map((record) => [record.spec.id, record]))
  for (const { outcome, settledAt } of records) {
    if (outcome?.kind !== 'answer') continue
    const { response } = outcome
    if (response.cache !== null && response.cache !== 'miss') continue
    const number = Number(response.headers.get('x-answer') ?? Number.NaN)
    const answer = book.answers[number]
    if (answer === undefined || book.fakes.has(number)) continue
    if (answer.fields.get('set-cookie')?.startsWith('keep=') !== true) continue
    const key = `${jarOf(answer.asked, answer.from)} ${new URL(answer.origin).hostname}`
    keptSince.set(key, Math.min(settledAt, keptSince.get(key) ?? Infinity))
  }
  return tap.written.flatMap(({ headers, clientIp, host, call, origin, path }) => {
    const record = started.get(call)
    const since = keptSince.get(`${jarOf(headers, clientIp)} ${host}`) ?? Infinity
    if (record === undefined || record.startedAt <= since || headers.get('cookie')?.includes('own='))
      return []
    const isSent = headers.get('cookie')?.includes('keep=') === true
    return isSent ? [] : [`call ${call}, to ${origin}${path}: without a cookie that its jar has`]
  })
}
