import { LIMITS } from '../../core/limits.ts'
import type { CallHistory } from '../history.ts'
import type { PreparedRequest, RequestEncoder } from './request.ts'

/** The fields that belong to one sending alone, as lines: the jar's cookies, credentials, conditions. */
export function ownFields(
  { jar, sendsCookies, target, method }: PreparedRequest,
  path: string,
  history: CallHistory | null,
  encoder: RequestEncoder,
): string {
  const cookies = jar === null || !sendsCookies ? '' : jar.header(target, path)
  let fields = cookies === '' ? '' : cookieLine(cookies, encoder)
  if (history === null) return fields
  const { auth, stage } = history
  if (auth !== null) {
    const value = auth.authorization(target.origin, method, path)
    history.authorization = value
    if (value !== '') fields += encoder.serializeFields([['Authorization', value]])
  }
  if (stage !== null) {
    stage.onSend()
    fields += stage.modeFields + stage.conditions
  }
  return fields
}

/** Lines of Cookie fields that have passed the serializer: a host's are the same with each request. */
const cookieLines = new Map<string, string>()

function cookieLine(cookies: string, encoder: RequestEncoder): string {
  const known = cookieLines.get(cookies)
  if (known !== undefined) return known
  const line = encoder.serializeFields([['Cookie', cookies]])
  if (cookieLines.size >= LIMITS.maxCookieLines) cookieLines.clear()
  cookieLines.set(cookies, line)
  return line
}
