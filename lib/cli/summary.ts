import { CLI_LIMITS } from './limits.ts'
import { formatBytes, formatCount, formatDuration, formatRate } from './quantities.ts'
import { readable } from './readable.ts'
import type { HostCount, Tally } from './tally.ts'

/** What the summary tells beyond the tally. */
export interface RunFacts {
  readonly elapsedMs: number
  /** Connections opened, and requests that rode on one that was open. */
  readonly dialled: number
  readonly reused: number
  readonly outputDir: string
  readonly report: string
  /** Why the list was not worked off to its end; '' when it was. */
  readonly stopped: string
}

/** What became of the run: totals, then by status, by error and by host. Ends with a line end. */
export function summaryText(tally: Tally, facts: RunFacts): string {
  const rate = facts.elapsedMs > 0 ? (tally.done * 1000) / facts.elapsedMs : 0
  const lines = [
    `${formatCount(tally.done)} done in ${formatDuration(facts.elapsedMs)} (${formatRate(rate)}/s): ` +
      `${formatCount(tally.ok)} ok, ${formatCount(tally.failed)} failed`,
  ]
  if (facts.stopped !== '') lines.push(`stopped early: ${readable(facts.stopped)}`)
  lines.push(
    field('received', `${formatBytes(tally.bytesOnWire)}, decoded ${formatBytes(tally.bytesDecoded)}`),
    field(
      'connections',
      `${formatCount(facts.dialled)} opened, ${formatCount(facts.reused)} requests on an open one`,
    ),
    ...loopLines(tally),
    ...statusLines(tally),
    ...errorLines(tally),
    ...hostLines(tally),
  )
  if (facts.outputDir !== '') lines.push(field('files', `${formatCount(tally.files)} in ${facts.outputDir}`))
  if (facts.report !== '') lines.push(field('report', facts.report))
  return `${lines.join('\n')}\n`
}

function loopLines({ redirects, retries, cache }: Tally): string[] {
  const lines: string[] = []
  if (redirects > 0) lines.push(field('redirects', `${formatCount(redirects)} followed`))
  if (retries > 0) lines.push(field('retries', formatCount(retries)))
  if (cache.size > 0) lines.push(field('cache', counts(cache)))
  return lines
}

function counts(map: ReadonlyMap<string | number, number>): string {
  return [...map].map(([name, count]) => `${name}: ${formatCount(count)}`).join('   ')
}

function statusLines(tally: Tally): string[] {
  const statuses = [...tally.statuses].toSorted(([a], [b]) => a - b)
  return statuses.length === 0 ? [] : [field('status', counts(new Map(statuses)))]
}

function errorLines(tally: Tally): string[] {
  const errors = [...tally.errors].toSorted(([, a], [, b]) => b.count - a.count)
  return errors.flatMap(([code, { count, example }]) => [
    field('error', `${code}: ${formatCount(count)}`),
    field('', `first: ${readable(example)}`),
  ])
}

function hostLines(tally: Tally): string[] {
  const hosts = [...tally.hosts].toSorted(([, a], [, b]) => b.ok + b.failed - a.ok - a.failed)
  const lines = hosts.slice(0, CLI_LIMITS.shownHosts).map(([name, host]) => hostLine(name, host))
  const rest = hosts.slice(CLI_LIMITS.shownHosts)
  if (rest.length === 0) return lines
  const sum: HostCount = { ...tally.otherHosts }
  for (const [, host] of rest) {
    sum.ok += host.ok
    sum.failed += host.failed
    sum.bytesOnWire += host.bytesOnWire
  }
  const more = tally.otherHosts.ok + tally.otherHosts.failed > 0 ? ' or more' : ''
  return [...lines, hostLine(`${formatCount(rest.length)}${more} other hosts`, sum)]
}

function hostLine(name: string, host: HostCount): string {
  const bytes = formatBytes(host.bytesOnWire)
  return field('host', `${name}: ${formatCount(host.ok)} ok, ${formatCount(host.failed)} failed, ${bytes}`)
}

function field(name: string, value: string): string {
  return `  ${name.padEnd(12)} ${value}`
}
