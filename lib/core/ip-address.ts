/** 4 or 6 for an address, 0 for anything else. Here because node:net belongs to net/. */
export function ipFamily(value: string): 0 | 4 | 6 {
  if (value.includes(':')) {
    // The URL parser alone would take what closes the bracket itself, as "::1]/x" does.
    return /^[\da-f:.]+$/i.test(value) && URL.canParse(`http://[${value}]/`) ? 6 : 0
  }
  const parts = value.split('.')
  if (parts.length !== 4) return 0
  return parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255) ? 4 : 0
}
