export { Client, type ClientOptions } from './client.ts'
export type { BodyInit } from './call/body.ts'
export type { HeadersInit } from './call/request-fields.ts'
export type { RequestOptions, SharedOptions } from './call/request.ts'
export { Response, type Timings } from './call/response.ts'
export { StreamResponse } from './call/stream-response.ts'
export { systemClock, type Clock } from './core/clock.ts'
export type { DebugLevel } from './core/debug.ts'
export {
  AbortError,
  ArgumentError,
  ClosedError,
  ConnectError,
  ConnectionClosedError,
  DecodingError,
  LimitError,
  ProtocolError,
  RequestBodyError,
  RequestError,
  TimeoutError,
  TransportError,
  type ConnectPhase,
  type ErrorCode,
  type Progress,
  type TimeoutPhase,
} from './core/errors.ts'
export { Headers } from './core/headers.ts'
export { LIMITS, type LimitName } from './core/limits.ts'
export { version } from './core/version.ts'
export type { Address, DialOptions, Network, Resolve, TlsOptions, Wire, WireOwner } from './net/network.ts'
export type { SchedulerStats, TargetStats } from './scheduler/scheduler.ts'
