/** Inputs of the decoder, packed as `wire-input.ts` does, that once showed a fault or are hard to come by. */
export interface Seed {
  readonly name: string
  readonly bytes: string
}

const seed = (name: string, options: readonly [number, number, number], text: string): Seed => ({
  name,
  bytes: Buffer.concat([Buffer.from(options), Buffer.from(text, 'latin1')]).toString('base64'),
})

const OK = 'HTTP/1.1 200 OK\r\n'

export const SEEDS: readonly Seed[] = [
  seed(
    'two answers, one of them to HEAD',
    [0, 2, 1],
    `${OK}Content-Length: 5\r\n\r\n${OK}Content-Length: 2\r\n\r\nhi`,
  ),
  seed(
    'chunks, extensions and trailers',
    [0, 1, 0],
    `${OK}Transfer-Encoding: chunked\r\n\r\n3;a="b\\"" ; c=d\r\nabc\r\n0\r\nT: u\r\n\r\n`,
  ),
  seed('a fold whose first line is empty', [0, 1, 0], `${OK}A:\r\n \r\n b\r\nContent-Length:\r\n\t0\r\n\r\n`),
  seed('interim answers in pieces of LF', [0, 1, 0], `\r\n\nHTTP/1.1 103 E\nA: b\n\nHTTP/1.0 304\n\n`),
  seed('a tunnel and what is behind', [0, 1, 2], `${OK}Content-Length: 5\r\n\r\n\x16\x03\x01`),
  seed('strict, with a body until close', [1, 1, 0], `${OK}Connection: close\r\n\r\nabc\0\xff`),
  seed('a line that is no field before a bare CR', [0, 1, 0], `${OK}nothing\r\nA: b\rc\r\n\r\n`),
  seed('more than the head may have', [2, 1, 0], `${OK}A: ${'x'.repeat(140)}\r\n\r\n`),
]
