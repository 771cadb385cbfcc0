import http from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A server that answers `DELAY` ms after it was asked, in a process of its own: writes its port, and ends when the one
 * who started it does. `/connections` tells the most connections that were open at once since that was last asked.
 */
const DELAY = 50
const BODY = 'x'.repeat(128)
const HEADERS = { 'content-type': 'text/plain', 'content-length': BODY.length }

let open = 0
let most = 0

const server = http.createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  if (request.url === '/connections') {
    // The connection that asks is one of them.
    const text = String(most === open ? open - 1 : most)
    most = open - 1
    response.end(text)
    return
  }
  setTimeout(() => {
    response.writeHead(200, HEADERS)
    response.end(BODY)
  }, DELAY)
})
server.on('connection', (socket) => {
  most = Math.max(most, ++open)
  socket.on('close', () => open--)
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
// Its standard input is a pipe that nobody writes to: it ends with the other process, however that ends.
process.stdin.resume().on('end', () => process.exit(0))
