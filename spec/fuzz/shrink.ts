/** Most tries at a smaller input. */
const MOST_TRIES = 4_000

/** A smaller input that still `fails`: pieces are left out, then bytes are made plain. Deterministic. */
export function shrink(input: Uint8Array, fails: (input: Uint8Array) => boolean): Uint8Array {
  let best = input
  let tries = 0
  const attempt = (candidate: Uint8Array): boolean => {
    if (tries++ >= MOST_TRIES || !fails(candidate)) return false
    best = candidate
    return true
  }
  for (let size = Math.max(1, best.length >> 1); ; size = Math.max(1, size >> 1)) {
    let smaller = false
    for (let at = 0; at < best.length;) {
      if (attempt(Buffer.concat([best.subarray(0, at), best.subarray(at + size)]))) smaller = true
      else at += size
    }
    if (size === 1 && (!smaller || tries >= MOST_TRIES)) break
  }
  for (let at = 0; at < best.length; at++) {
    if (best[at] === 97) continue
    const plain = Buffer.from(best)
    plain[at] = 97
    attempt(plain)
  }
  return best
}
