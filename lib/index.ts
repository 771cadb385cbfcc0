export { Client, type ClientStats } from './client.ts'
export type { ClientOptions, ExtendOptions } from './client-options.ts'
export type { AuthOption, RefreshReason } from './call/auth/authenticator.ts'
export type { BodyInit } from './call/request/body.ts'
export type { Redirect } from './call/history.ts'
export type { SchemaIssue, SchemaResult, StandardSchema } from './call/response/json-schema.ts'
export type { CallRequest, Middleware, Next } from './call/middleware.ts'
export type { ProgressCallback } from './call/progress.ts'
export type { QueryInit, QueryValue } from './call/request/query.ts'
export type { RedirectMode } from './call/redirect.ts'
export type { HeadersInit } from './call/request/request-fields.ts'
export type {
  ClientDefaults,
  ProxyOption,
  RequestOptions,
  SharedOptions,
} from './call/request/request-options.ts'
export { Response, type Timings } from './call/response/response.ts'
export { RETRY_ERRORS, RETRY_STATUSES } from './call/retry.ts'
export type { ModifyRequest, RetriedRequest, RetryReason, Validate } from './call/rules.ts'
export { StreamResponse } from './call/response/stream-response.ts'
export type { CacheMode, CacheStatus } from './cache/cache-request.ts'
export type { CacheStats } from './cache/http-cache.ts'
export { MemoryStore } from './cache/memory-store.ts'
export { SqliteStore } from './cache/sqlite-store.ts'
export type { CacheStore, StoredResponse, StoreStats } from './cache/store.ts'
export type { CookieInit } from './cookies/cookie-init.ts'
export type { CookieFilter } from './cookies/cookie-filter.ts'
export { Jar, type JarOptions } from './cookies/jar.ts'
export {
  CookieJars,
  type CookieFileFormat,
  type CookieJarsJSON,
  type CookieJarsOptions,
} from './cookies/jars.ts'
export type { ClientLimits, HostLimits } from './core/client-limits.ts'
export { systemClock, type Clock } from './core/clock.ts'
export type { DebugLevel } from './core/debug.ts'
export {
  AbortError,
  ArgumentError,
  ClosedError,
  ConnectError,
  ConnectionClosedError,
  CredentialsError,
  DecodingError,
  LimitError,
  ProtocolError,
  RedirectError,
  RequestBodyError,
  RequestError,
  StatusError,
  TimeoutError,
  TransportError,
  type ConnectPhase,
  type ErrorCode,
  type Progress,
  type TimeoutPhase,
} from './core/errors.ts'
export { Headers } from './core/headers.ts'
export type { HostOptions, PacingInput } from './core/host-settings.ts'
export type { TotalPacing } from './core/target-settings.ts'
export { LIMITS, type LimitName } from './core/limits.ts'
export type { TransferProgress } from './core/progress-meter.ts'
export { version } from './core/version.ts'
export { ChecksumError } from './jobs/checksum-error.ts'
export type { DownloadOptions, DownloadResult } from './jobs/download.ts'
export { readInput, type InputOptions } from './jobs/input/read-input.ts'
export type { InputFormat } from './jobs/input/input-format.ts'
export { Job, type JobEvents } from './jobs/job.ts'
export type { JobEntry, JobInput } from './jobs/job-entries.ts'
export type { InputItem, JobItem } from './jobs/job-item.ts'
export { ItemError } from './jobs/job-request.ts'
export type { JobOptions, JobProgress, JobResult } from './jobs/job-options.ts'
export type { JournalStatus } from './jobs/journal/journal-contents.ts'
export type { JournalRun } from './jobs/journal/journal-records.ts'
export { FileError, type FileErrorCode } from './jobs/file-error.ts'
export type { MapFunction, MapItemOptions, MapOptions, MapRequest, MapResult, MapSource } from './jobs/map.ts'
export type { DenyPrivateAddresses } from './core/address-blocks.ts'
export type {
  Address,
  AddressPolicy,
  DialOptions,
  Network,
  Resolve,
  TlsOptions,
  Wire,
  WireOwner,
} from './net/network.ts'
export { proxyFromEnvironment } from './net/proxy-environment.ts'
export type { ClientIpChoice, ClientIpPolicy, ClientIpStats } from './scheduler/client-ips.ts'
export type { AsideEvent, PauseEvent } from './scheduler/events.ts'
export type { SchedulerStats, TargetStats } from './scheduler/stats.ts'
