import { CLI_LIMITS } from './limits.ts'
import { readable } from './readable.ts'
import { finishOf, type RunFacts } from './run-facts.ts'
import { summaryFigures } from './summary-figures.ts'
import type { HostCount, Tally } from './tally.ts'
import { top } from './top.ts'

/** The summary for programs: one JSON object, without a line end. */
export function summaryJson(tally: Tally, facts: RunFacts): string {
  const figures = summaryFigures(tally, facts)
  const { hosts, otherHosts, slowest, paused, asides } = figures
  const clientIps = top(tally.clientIps, CLI_LIMITS.maxClientIps, ([, { ok, failed }]) => ok + failed)
  return JSON.stringify({
    type: 'summary',
    time: new Date().toISOString(),
    // null: the run goes on.
    finish: finishOf(facts),
    stopped: facts.stopped === '' ? null : readable(facts.stopped),
    elapsedMs: Math.round(facts.elapsedMs),
    done: tally.done,
    ok: tally.ok,
    failed: tally.failed,
    duplicates: facts.duplicates ?? 0,
    skipped: tally.skipped,
    unfinished: tally.unfinished,
    before: facts.before ?? null,
    files: tally.files,
    bytesOnWire: tally.bytesOnWire,
    bytesDecoded: tally.bytesDecoded,
    savedByCoding: tally.savedByCoding,
    resumed: tally.resumed,
    bytesResumed: tally.bytesResumed,
    fromCache: tally.fromCache,
    bytesFromCache: tally.bytesFromCache,
    dialled: facts.dialled,
    reused: facts.reused,
    redirects: tally.redirects,
    retries: tally.retries,
    cache: Object.fromEntries(tally.cache),
    statuses: Object.fromEntries(figures.statuses),
    errors: figures.errors.map(([code, { count, example }]) => ({ code, count, example: readable(example) })),
    clientIps: clientIps.map(([clientIp, { ok, failed, refused }]) => ({
      clientIp: clientIp === '' ? null : clientIp,
      ok,
      failed,
      refused,
    })),
    setAside: asides.map(({ clientIp, host, count, ms, why }) => ({
      clientIp,
      host: host === '' ? null : readable(host),
      count,
      ms: Math.round(ms),
      why: readable(why),
    })),
    pausedTargets: paused.targets,
    pauses: paused.times,
    pausedMs: Math.round(paused.ms),
    hosts: hosts.map(([host, count]) => hostJson(readable(host), count)),
    otherHosts: otherHosts.hosts === 0 ? null : hostJson(otherHosts.hosts, otherHosts.sum),
    slowest: slowest.map(({ host, meanHeadMs, heads }) => ({
      host: readable(host),
      meanHeadMs: Math.round(meanHeadMs * 10) / 10,
      heads,
    })),
    outputDir: facts.outputDir === '' ? null : facts.outputDir,
    report: facts.report === '' ? null : facts.report,
  })
}

/** One host, or so many of them. */
function hostJson(host: string | number, { ok, failed, bytesOnWire }: HostCount): object {
  return typeof host === 'number'
    ? { hosts: host, ok, failed, bytesOnWire }
    : { host, ok, failed, bytesOnWire }
}
