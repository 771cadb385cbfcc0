import type { CallHistory } from '../history.ts'
import type { PreparedRequest, RequestEncoder } from './request.ts'

/** The fields that belong to one sending alone, as lines: the jar's cookies, credentials, conditions. */
export function ownFields(
  { jar, sendsCookies, target, method }: PreparedRequest,
  path: string,
  history: CallHistory | null,
  encoder: RequestEncoder,
): string {
  let fields = ''
  const cookies = jar === null || !sendsCookies ? '' : jar.header(target, path)
  if (cookies !== '') fields += encoder.serializeFields([['Cookie', cookies]])
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
