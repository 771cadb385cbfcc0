/** A body that tells whether it is whole: its own number, over and over, up to 30 KB. */
export function bodyFor(name: string, i: number): string {
  return `${name} ${i};`.repeat(1 + ((i * 37) % 3_000))
}
