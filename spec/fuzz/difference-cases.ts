/** For each difference from node:http an answer that shows it, and nothing else. */
export interface DifferenceCase {
  readonly name: string
  readonly method?: string
  readonly text: string
}

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n`
const NEXT = `${OK}Content-Length: 1\r\n\r\nx`

export const DIFFERENCE_CASES: readonly DifferenceCase[] = [
  { name: 'a bare LF for a line end', text: 'HTTP/1.1 200 OK\nContent-Length: 0\n\n' },
  { name: 'a bare LF for a line end', text: `${CHUNKED}\r\n1\nx\n0\n\n` },
  { name: 'a bare LF for a line end', text: '\r\n\r\nHTTP/1.1 200\n\x7f\r\n\r\n' },
  { name: 'a bare LF behind a chunk that ends with CR', text: `${CHUNKED}\r\n2\r\nx\r\n0\r\n\r\n` },
  { name: 'a folded field', text: `${OK}A: b\r\n c\r\n\r\n` },
  { name: 'a folded field', text: `${CHUNKED}\r\n0\r\nA: b\r\n\tc\r\n\r\n` },
  { name: 'a line that is no field is left out', text: `${OK}nothing\r\nContent-Length: 0\r\n\r\n` },
  { name: 'a line that is no field is left out', text: `${OK}A : b\r\nContent-Length: 0\r\n\r\n` },
  { name: 'a control character in a value', text: `${OK}A: \x01\r\n\r\n` },
  { name: 'several blanks in the status line', text: 'HTTP/1.1  200 OK\r\n\r\n' },
  { name: 'HTTP/1.x read as HTTP/1.1', text: 'HTTP/1.2 200 OK\r\n\r\n' },
  { name: 'a Content-Length that is no number, or told twice', text: `${OK}Content-Length: 1, 1\r\n\r\nx` },
  { name: 'a Content-Length that is no number, or told twice', text: `${OK}Content-Length: +1\r\n\r\nx` },
  {
    name: 'a Content-Length that is no number, or told twice',
    text: `${OK}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`,
  },
  {
    name: 'a Content-Length that is no number, or told twice',
    method: 'HEAD',
    text: `${OK}Content-Length: 1, 2\r\n\r\n`,
  },
  {
    name: 'a Content-Length beside a Transfer-Encoding',
    text: `${CHUNKED}Content-Length: 9\r\n\r\n0\r\n\r\n`,
  },
  {
    name: 'a Transfer-Encoding that does not end in chunked, or is told twice',
    text: `${OK}Transfer-Encoding: \r\n\r\nx`,
  },
  { name: 'a framing field among the trailers', text: `${CHUNKED}\r\n0\r\nContent-Length: 5\r\n\r\n` },
  { name: 'framing fields of an interim answer', text: `HTTP/1.1 103 E\r\nContent-Length: x\r\n\r\n${NEXT}` },
  { name: 'an interim answer of HTTP/1.0, or with Connection: close', text: `HTTP/1.0 102 x\r\n\r\n${NEXT}` },
  { name: 'blanks around the parts of a chunk line', text: `${CHUNKED}\r\n1 \r\nx\r\n0\r\n\r\n` },
  {
    name: 'a 101 that nobody asked for',
    text: 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
  },
  { name: 'a CR before the status line', text: `\r${NEXT}` },
  { name: 'HTTP/2.0 in a status line', text: 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n' },
  { name: 'a status below 100', text: 'HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n' },
  { name: 'a NUL in the reason phrase', text: 'HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n' },
  { name: 'parameters of chunked', text: `${OK}Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n` },
  { name: 'more digits in a chunk size than count', text: `${CHUNKED}\r\n00000000000000000\r\n\r\n` },
  {
    name: 'chunks under a coding that llhttp does not know for chunked',
    text: `${OK}Transfer-Encoding: chunked,\r\n\r\nx`,
  },
  { name: 'a chunk extension without a name or a value', text: `${CHUNKED}\r\n1;a=\r\nx\r\n0\r\n\r\n` },
  {
    name: 'until close for llhttp, chunked for us',
    text: `${OK}Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n`,
  },
  { name: 'insecure: a CR that ends no line', text: 'HTTP/1.1 200 OK\r\r\n' },
  { name: 'insecure: a NUL in a value', text: `${OK}A: b\0c\r\nContent-Length: 0\r\n\r\n` },
  { name: 'insecure: a chunk without its line end', text: `${CHUNKED}\r\n1\r\nx0\r\n\r\n` },
  {
    name: 'insecure: a name that is no token, a framing field without its colon, a blank first line',
    text: `${OK} \r\nContent-Length: 0\r\n\r\n`,
  },
  {
    name: 'insecure: a head that ends with a line of blanks, CR CR or CR alone',
    method: 'HEAD',
    text: `${OK}\rx`,
  },
  {
    name: 'insecure: identity beside a Content-Length',
    text: `${OK}Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nx`,
  },
  { name: 'insecure: an LF that a chunk begins with', text: `${CHUNKED}\r\n2\n\nb\r\n0\r\n\r\n` },
  {
    name: 'insecure: a control character in a Transfer-Encoding',
    text: `${OK}Transfer-Encoding: x\x07,chunked\r\n\r\n0\r\n\r\n`,
  },
  {
    name: 'insecure: a field with a blank before its colon',
    text: `${OK}Connection : close\r\nContent-Length: 0\r\n\r\n`,
  },
  {
    name: 'insecure: a folded field joined by a blank',
    text: `${OK}A: b\r\n\tc\r\nContent-Length: 0\r\n\r\n`,
  },
]
