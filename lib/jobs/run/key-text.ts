import type { InputItem } from '../job-item.ts'

/**
 * What makes an item the same as another: whatever changes what is sent, or where the answer goes. `number`:
 * which one it is of the input, where the same one may come twice; -1: it may not.
 */
export function keyText(entry: InputItem, url: URL | null, number: number): string {
  const { item } = entry
  let text = url === null ? `bad ${entry.line} ${entry.url}` : url.href
  if (item !== null) {
    const { method, headers, body, out, clientIp, session } = item
    const own = JSON.stringify([method, headers, body, out, clientIp, session])
    // One with nothing of its own but what is only told again is the same as a plain URL.
    if (own !== NOTHING) text += `\n${own}`
  }
  return number === -1 ? text : `${text}\n#${number}`
}

const NOTHING = JSON.stringify([null, null, null, null, null, null])
