/** The `most` items with the highest scores, highest first; of equal ones those that come first. */
export function top<T>(items: Iterable<T>, most: number, scoreOf: (item: T) => number): T[] {
  const best: { readonly item: T; readonly score: number }[] = []
  for (const item of items) {
    const score = scoreOf(item)
    // Of a long list nearly all end here: nothing is sorted that is not shown.
    if (best.length >= most && (most === 0 || score <= best[most - 1]!.score)) continue
    let at = best.length
    while (at > 0 && best[at - 1]!.score < score) at--
    best.splice(at, 0, { item, score })
    if (best.length > most) best.pop()
  }
  return best.map(({ item }) => item)
}
