/** A fuzzer's oracle was not content. */
export class Finding extends Error {
  override readonly name = 'Finding'
}

/** Throws a Finding unless `condition` holds. */
export function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Finding(what)
}

/** Throws a Finding with both sides where two logs differ, from the first difference on. */
export function demandSame(actual: readonly string[], wanted: readonly string[], what: string): void {
  for (let i = 0; i < Math.max(actual.length, wanted.length); i++) {
    if (actual[i] === wanted[i]) continue
    throw new Finding(
      `${what}: event ${i} is\n  ${actual[i] ?? 'missing'}\nand not\n  ${wanted[i] ?? 'missing'}`,
    )
  }
}

/** Bytes as text that a reader can make something of. */
export function readable(bytes: Uint8Array, most = 2_000): string {
  const text = JSON.stringify(Buffer.from(bytes.subarray(0, most)).toString('latin1'))
  return bytes.length > most ? `${text} and ${bytes.length - most} more bytes` : text
}
