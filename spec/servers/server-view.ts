import type { Nginx } from './nginx.ts'

/**
 * What the server itself counted, from its trace, in the order in which things happened. Connections are
 * counted at the end of each turn of its loop: within a turn an accept comes before a close that was there
 * first, because epoll keeps a listening socket at the head of its list once it was ready.
 */
export interface ServerView {
  readonly requests: number
  readonly connections: number
  /** The most connections that were open at once: in all, and by host. */
  readonly maxOpen: number
  readonly maxOpenByHost: ReadonlyMap<string, number>
  /** The most requests that had arrived on one connection and were not yet answered. */
  readonly maxInFlight: number
  /** The most requests on any one connection. */
  readonly maxRequestsOnConnection: number
  /** Connections that carried requests to more than one host. */
  readonly mixed: number
  /** Connections that were opened and never used. */
  readonly unused: number
  /** Connections that the server still holds open. */
  readonly stillOpen: number
}

interface Connection {
  readonly hosts: Set<string>
  /** Length of each of its requests, in order. */
  readonly lengths: number[]
  received: number
  arrived: number
  /** Where the next request to arrive ends, in bytes from the connection's start. */
  arrivedEnd: number
  answered: number
  open: boolean
}

/** Says the port that the next `accept:` is of. */
const LISTENER = / accept on 127\.0\.0\.1:(\d+),/
const LINE = /\*(\d+) (accept: |close http connection: |http log handler|recv: fd:\d+ (\d+) of)/

export async function viewOf(nginx: Nginx): Promise<ServerView> {
  const connections = new Map<number, Connection>()
  for (const entry of nginx.accessLog()) {
    const connection = connections.get(entry.connection) ?? newConnection()
    connections.set(entry.connection, connection)
    connection.hosts.add(entry.host)
    connection.lengths[entry.nth - 1] = entry.length
  }
  const open = new Map<string, number>()
  const maxOpenByHost = new Map<string, number>()
  let maxInFlight = 0
  const accepted = new Map<number, Connection>()
  let listener = 0
  for await (const line of nginx.trace()) {
    listener = Number(LISTENER.exec(line)?.[1] ?? listener)
    if (line.endsWith(': worker cycle')) raise(maxOpenByHost, open)
    const match = LINE.exec(line)
    if (match === null) continue
    const [, id, event = '', bytes] = match
    if (event.startsWith('accept') && listener !== nginx.statusPort) {
      accepted.set(Number(id), connections.get(Number(id)) ?? newConnection())
    }
    const connection = accepted.get(Number(id))
    if (connection === undefined) continue
    if (event.startsWith('accept')) setOpen(connection, true, open)
    else if (event.startsWith('close')) setOpen(connection, false, open)
    else if (event === 'http log handler') connection.answered++
    else maxInFlight = Math.max(maxInFlight, receive(connection, Number(bytes)))
  }
  const all = [...accepted.values()]
  return {
    requests: sum(all.map((connection) => connection.lengths.length)),
    connections: all.length,
    maxOpen: maxOpenByHost.get('') ?? 0,
    maxOpenByHost: new Map([...maxOpenByHost].filter(([host]) => host !== '')),
    maxInFlight,
    maxRequestsOnConnection: Math.max(0, ...all.map((connection) => connection.lengths.length)),
    mixed: all.filter((connection) => connection.hosts.size > 1).length,
    unused: all.filter((connection) => connection.hosts.size === 0).length,
    stillOpen: all.filter((connection) => connection.open).length,
  }
}

function newConnection(): Connection {
  return { hosts: new Set(), lengths: [], received: 0, arrived: 0, arrivedEnd: 0, answered: 0, open: false }
}

function setOpen(connection: Connection, isOpen: boolean, open: Map<string, number>): void {
  if (connection.open === isOpen) return
  connection.open = isOpen
  for (const host of ['', ...connection.hosts]) open.set(host, (open.get(host) ?? 0) + (isOpen ? 1 : -1))
}

function raise(max: Map<string, number>, open: ReadonlyMap<string, number>): void {
  for (const [host, count] of open) max.set(host, Math.max(max.get(host) ?? 0, count))
}

/** Counts what has arrived, and returns how many requests are in flight now. */
function receive(connection: Connection, bytes: number): number {
  connection.received += bytes
  while (connection.arrivedEnd < connection.received && connection.arrived < connection.lengths.length) {
    connection.arrivedEnd += connection.lengths[connection.arrived]!
    connection.arrived++
  }
  return connection.arrived - connection.answered
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
