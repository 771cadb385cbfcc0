import { CLI_LIMITS } from './limits.ts'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatTime,
  formatTimes,
} from './quantities.ts'
import { readable } from './readable.ts'
import { finishOf, type RunFacts } from './run-facts.ts'
import { summaryFigures, type SummaryFigures } from './summary-figures.ts'
import type { HostCount, Tally } from './tally.ts'
import { top } from './top.ts'

// What it is given.
export type { RunFacts } from './run-facts.ts'

/** What became of the run: totals, then by status, by error, client IP and host. Ends with a line end. */
export function summaryText(tally: Tally, facts: RunFacts): string {
  return `${summaryLines(tally, facts).join('\n')}\n`
}

/** The same, line by line. */
export function summaryLines(tally: Tally, facts: RunFacts): string[] {
  const figures = summaryFigures(tally, facts)
  const lines = [
    ...totalLines(tally, facts),
    ...byteLines(tally),
    field(
      'connections',
      `${formatCount(facts.dialled)} opened, ${formatCount(facts.reused)} requests on an open one`,
    ),
    ...loopLines(tally),
    ...statusLines(figures),
    ...errorLines(figures),
    ...pauseLines(figures),
    ...clientIpLines(tally, figures),
    ...hostLines(figures),
    ...slowLines(figures),
  ]
  if (facts.outputDir !== '') lines.push(field('files', `${formatCount(tally.files)} in ${facts.outputDir}`))
  if (facts.report !== '') lines.push(field('report', facts.report))
  return lines
}

function totalLines(tally: Tally, facts: RunFacts): string[] {
  const { elapsedMs, stopped, before, duplicates = 0 } = facts
  const rate = elapsedMs > 0 ? (tally.done * 1000) / elapsedMs : 0
  const lines = [
    `${formatCount(tally.done)} done in ${formatDuration(elapsedMs)} (${formatRate(rate)}/s): ` +
      `${formatCount(tally.ok)} ok, ${formatCount(tally.failed)} failed`,
  ]
  if (stopped !== '') lines.push(`stopped early: ${readable(stopped)}`)
  else if (finishOf(facts) === 'done') lines.push(field('ended', 'at the end of the list'))
  if (duplicates > 0) lines.push(field('duplicates', `${formatCount(duplicates)} dropped`))
  if (tally.skipped > 0) lines.push(field('skipped', `${formatCount(tally.skipped)}: their files were there`))
  if (tally.unfinished > 0) {
    lines.push(field('unfinished', `${formatCount(tally.unfinished)} of the failed were broken off`))
  }
  if (before === undefined) return lines
  const { ok, failed } = before
  const earlier = `${formatCount(ok + failed)} done before (${formatCount(ok)} ok, ${formatCount(failed)} failed)`
  const inThisRun = tally.done - tally.unfinished
  const all = formatCount(ok + failed + inThisRun)
  return [...lines, field('job', `${earlier}, ${formatCount(inThisRun)} in this run: ${all} in all`)]
}

function byteLines(tally: Tally): string[] {
  const { bytesOnWire, bytesDecoded, savedByCoding, fromCache, bytesFromCache } = tally
  const lines = [field('received', `${formatBytes(bytesOnWire)}, decoded ${formatBytes(bytesDecoded)}`)]
  const saved: string[] = []
  if (savedByCoding > 0) saved.push(`${formatBytes(savedByCoding)} by compression`)
  if (fromCache > 0) {
    const answers = `${formatCount(fromCache)} answer${fromCache === 1 ? '' : 's'}`
    saved.push(`${formatBytes(bytesFromCache)}, decoded, by the cache (${answers})`)
  }
  if (saved.length > 0) lines.push(field('saved', saved.join(', ')))
  if (tally.resumed > 0) {
    const files = `${formatCount(tally.resumed)} file${tally.resumed === 1 ? '' : 's'}`
    lines.push(field('resumed', `${files}; ${formatBytes(tally.bytesResumed)} of them were there`))
  }
  return lines
}

function loopLines({ redirects, retries, cache }: Tally): string[] {
  const lines: string[] = []
  if (redirects > 0) lines.push(field('redirects', `${formatCount(redirects)} followed`))
  if (retries > 0) lines.push(field('retries', formatCount(retries)))
  if (cache.size > 0) lines.push(field('cache', counts(cache)))
  return lines
}

function counts(all: Iterable<readonly [name: string | number, count: number]>): string {
  return [...all].map(([name, count]) => `${name}: ${formatCount(count)}`).join('   ')
}

function statusLines({ statuses }: SummaryFigures): string[] {
  return statuses.length === 0 ? [] : [field('status', counts(statuses))]
}

function errorLines({ errors }: SummaryFigures): string[] {
  return errors.flatMap(([code, { count, example }]) => [
    field('error', `${readable(code)}: ${formatCount(count)}`),
    field('', `first: ${readable(example)}`),
  ])
}

function pauseLines({ paused }: SummaryFigures): string[] {
  const { targets, times, ms, longest } = paused
  if (targets === 0) return []
  const names = `${formatCount(targets)} target${targets === 1 ? '' : 's'}`
  return [
    field('paused', `${names}, ${formatTimes(times)}, ${formatDuration(ms)} in all`),
    ...longest.map((each) =>
      field('', `${readable(each.name)}: ${formatTimes(each.count)}, last for a ${readable(each.why)}`),
    ),
  ]
}

/** Nothing where all came from the same one. */
function clientIpLines({ clientIps }: Tally, { asides }: SummaryFigures): string[] {
  const named = clientIps.size - (clientIps.has('') ? 1 : 0)
  const shown = named > 1 || asides.length > 0 ? [...clientIps] : []
  const busiest = top(shown, CLI_LIMITS.shownClientIps, ([, { ok, failed }]) => ok + failed)
  const lines = busiest.map(([ip, { ok, failed, refused }]) => {
    const name = ip === '' ? 'not known' : readable(ip)
    const refusals = refused > 0 ? `, ${formatCount(refused)} of them refused` : ''
    return field('client IP', `${name}: ${formatCount(ok)} ok, ${formatCount(failed)} failed${refusals}`)
  })
  const rest = shown.length - busiest.length
  if (rest > 0) lines.push(field('', `and ${formatCount(rest)} more`))
  for (const { clientIp, host, count, ms, why } of asides) {
    const where = host === '' ? '' : ` for ${readable(host)}`
    const what = `${readable(clientIp)}${where}, ${formatTimes(count)}, ${formatDuration(ms)} in all`
    lines.push(field('set aside', why === '' ? what : `${what}: ${readable(why)}`))
  }
  return lines
}

function hostLines({ hosts, otherHosts }: SummaryFigures): string[] {
  const lines = hosts.map(([name, host]) => hostLine(readable(name), host))
  if (otherHosts.hosts === 0) return lines
  const more = otherHosts.isMore ? ' or more' : ''
  return [...lines, hostLine(`${formatCount(otherHosts.hosts)}${more} other hosts`, otherHosts.sum)]
}

function hostLine(name: string, host: HostCount): string {
  const bytes = formatBytes(host.bytesOnWire)
  return field('host', `${name}: ${formatCount(host.ok)} ok, ${formatCount(host.failed)} failed, ${bytes}`)
}

/** Nothing where there is nothing to compare. */
function slowLines({ slowest }: SummaryFigures): string[] {
  if (slowest.length < 2) return []
  return slowest.map(({ host, meanHeadMs, heads }) =>
    field(
      'slowest',
      `${readable(host)}: ${formatTime(meanHeadMs)} to the head, mean of ${formatCount(heads)}`,
    ),
  )
}

function field(name: string, value: string): string {
  return `  ${name.padEnd(12)} ${value}`
}
