/** The one of `names` that `name` was most likely meant to be, for the message about an unknown name. */
export function nearestName(name: string, names: Iterable<string>): string {
  let best = ''
  let least = Infinity
  for (const candidate of names) {
    const distance = distanceOf(name.toLowerCase(), candidate.toLowerCase())
    if (distance >= least) continue
    best = candidate
    least = distance
  }
  return best
}

/** A name cut short, as "tls" for "tlsOptions", is nearer than any other word of its length. */
function distanceOf(name: string, candidate: string): number {
  if (name.length < 3 || !candidate.includes(name)) return editDistance(name, candidate)
  return (candidate.length - name.length) / 10
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
