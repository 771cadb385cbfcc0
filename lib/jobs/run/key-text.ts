import type { InputItem } from '../job-item.ts'

/**
 * What makes an item the same as another: whatever changes what is sent, or where the answer goes. `number`:
 * which one it is of the input, where the same one may come twice; -1: it may not.
 */
export function keyText(entry: InputItem, url: URL | null, number: number): string {
  const { item } = entry
  let text = url === null ? `bad ${entry.line} ${entry.url}` : url.href
  if (item !== null) {
    const { method = 'GET', headers, body, out, clientIp, session } = item
    text += `\n${JSON.stringify([method, headers, body, out, clientIp, session])}`
  }
  return number === -1 ? text : `${text}\n#${number}`
}
