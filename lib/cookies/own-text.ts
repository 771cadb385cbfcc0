/** A copy: a slice of a head or a file would keep the whole of it in memory as long as the cookie lives. */
export function ownText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
