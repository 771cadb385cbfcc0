import { createHash } from '../core/crypto.ts'
import { LIMITS } from '../core/limits.ts'
import type { ConnectionWatch } from './page-connections.ts'
import type { RunFigures } from './page-figures.ts'
import { latencyPlot, statusPlot } from './page-host-plots.ts'
import { PAGE_SCRIPT, PAGE_STYLE } from './page-style.ts'
import {
  clientIpTable,
  connectionTable,
  errorTable,
  hostTable,
  latencyTable,
  shownHosts,
  statusTable,
  targetTable,
  timeTable,
} from './page-sections.ts'
import { folded } from './page-tables.ts'
import { bytesText, countText, escape, msText, rateText, shareText } from './page-text.ts'
import { runPlots } from './page-run-plots.ts'
import { timelinePlot } from './page-timeline.ts'
import type { RunEnd } from './run-outcome.ts'

/** What a page is made of. */
export interface PageContent {
  readonly title: string
  readonly note: string
  /** On the clock's `now()`, and ms since 1970. */
  readonly startedAt: number
  readonly startedDate: number
  readonly figures: RunFigures
  readonly watch: ConnectionWatch
  readonly end: RunEnd
}

/**
 * The page: one file that asks for nothing else. Its policy lets this style and this script run and nothing more, so
 * that even a mistake in escaping would run nothing.
 */
export function pageHtml(content: PageContent): string {
  const policy =
    `default-src 'none'; script-src '${hashOf(PAGE_SCRIPT)}'; style-src '${hashOf(PAGE_STYLE)}'; ` +
    "img-src data:; base-uri 'none'; form-action 'none'"
  const { title } = content
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${escape(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<h1>${escape(title)}</h1>
${headOf(content)}
</header>
<main>
${section('Totals', totals(content))}
${section('Over time', runPlots(content) + folded('These figures as a table', timeTable(content)))}
${section('Hosts', hosts(content))}
${section('Connections and pipelines', connections(content))}
${section('Client IPs', clientIpTable(content))}
${section('Errors', errorTable(content.figures) + statusTable(content.figures))}
</main>
<footer>${footer(content)}</footer>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

function section(name: string, content: string): string {
  const id = name.toLowerCase().replaceAll(' ', '-')
  return `<section id="${id}" aria-labelledby="${id}-name"><h2 id="${id}-name">${name}</h2>\n${content}\n</section>`
}

function headOf({ note, startedDate, end }: PageContent): string {
  const lines = [`<p class="note">Began ${new Date(startedDate).toISOString()}</p>`]
  if (note !== '') lines.unshift(`<p>${escape(note)}</p>`)
  const how = end.stopped === '' ? 'It came to its end.' : `Stopped early: ${end.stopped}`
  lines.push(`<p id="ended"${end.stopped === '' ? '' : ' class="stopped"'}>${escape(how)}</p>`)
  return lines.join('\n')
}

function totals({ figures, watch, end }: PageContent): string {
  const { done, ok } = figures
  const seconds = Math.max(end.elapsedMs, 1) / 1000
  const { dialled, reused } = end.stats ?? watch
  const { savedByCoding, savedByCache } = figures
  const tiles: readonly (readonly [id: string, name: string, value: string, more: string])[] = [
    ['done', 'Done', countText(done), `${rateText(done / seconds)} a second`],
    ['ok', 'OK', countText(ok), shareText(ok, done)],
    ['failed', 'Failed', countText(done - ok), shareText(done - ok, done)],
    ['duration', 'Duration', msText(end.elapsedMs), ''],
    [
      'wire',
      'Bodies on the wire',
      bytesText(figures.bytesOnWire),
      `${bytesText(figures.bytesOnWire / seconds)}/s`,
    ],
    ['decoded', 'Decoded', bytesText(figures.bytesDecoded), ''],
    ['coding', 'Saved by coding', bytesText(savedByCoding), shareText(savedByCoding, figures.bytesDecoded)],
    ['cache', 'Saved by the cache', bytesText(savedByCache), `${countText(figures.fromCache)} answers`],
    ['dialled', 'Connections dialled', countText(dialled), `${countText(watch.mostOpen)} open at most`],
    ['reused', 'Requests on an open one', countText(reused), ''],
    [
      'retries',
      'Retries',
      countText(Math.max(figures.retries, figures.retriesSeen)),
      `${countText(figures.redirects)} redirects followed`,
    ],
  ]
  const items = tiles.map(([id, name, value, more]) => {
    const small = more === '' ? '' : `<small>${escape(more)}</small>`
    return `<div><dt>${name}</dt><dd id="total-${id}">${escape(value)}${small}</dd></div>`
  })
  return `<dl class="tiles">${items.join('\n')}</dl>`
}

function hosts({ figures, end }: PageContent): string {
  const drawn = shownHosts(figures.hosts, LIMITS.reportPlotHosts)
  if (drawn.length === 0) return `<p class="note">No item was done.</p>${targetTable(end.stats)}`
  const { merged } = figures.hosts
  const note =
    merged === 0
      ? ''
      : `There were more hosts than have figures of their own (${countText(LIMITS.maxReportHosts)}): those with the ` +
        `fewest items are among the other hosts, and one that came again may be short by up to ${countText(merged)}.`
  const timed = drawn.some(({ total }) => total.count > 0)
  return (
    (timed ? latencyPlot(drawn) + LATENCY_NOTE + latencyTable(figures.hosts) : '') +
    statusPlot(drawn) +
    (note === '' ? '' : `<p class="note">${note}</p>`) +
    hostTable(figures.hosts) +
    targetTable(end.stats)
  )
}

const LATENCY_NOTE =
  '<p class="note">Answers out of the cache are left out. Percentiles are at most 4.5 % off; the longest is exact.</p>'

function connections({ watch, startedAt }: PageContent): string {
  const windows = watch.slices.windows()
  if (watch.dialled === 0) return '<p class="note">No connection was dialled.</p>'
  const drawn = new Set(windows.flatMap(({ slices }) => slices)).size
  const left = watch.slices.seen - drawn
  const note =
    left === 0
      ? `All ${countText(drawn)} exchanges are in the plots.`
      : `${countText(left)} of ${countText(watch.slices.seen)} exchanges are in none of the plots, which show the ` +
        `first ${countText(LIMITS.maxReportSlices)}, the last ${countText(LIMITS.maxReportSlices)}, and those around the first failure between them.`
  return (
    `<p class="note">A row is a connection, a slice an exchange; exchanges in flight at once stand below one another. ${note}</p>` +
    windows.map((window, i) => timelinePlot(window, startedAt, `plot-timeline-${i}`)).join('\n') +
    connectionTable(watch, startedAt)
  )
}

function footer({ figures, watch }: PageContent): string {
  const width = msText(figures.times.width)
  return escape(
    `Made by trawl. A bar over time stands for ${width}. ` +
      `${countText(watch.failedDials)} dials failed. Nothing in this page is loaded from anywhere.`,
  )
}
