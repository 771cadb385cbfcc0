import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import type { ClientStats } from '../../lib/index.ts'
import { Metrics } from '../../lib/reports/metrics.ts'
import { makeOutcome } from './made-outcome.ts'

/** The lines of a metric, without its help. */
async function linesOf(metrics: Metrics, name: string): Promise<string[]> {
  const lines = (await metrics.text()).split('\n')
  return lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
}

function statsOf(given: Partial<ClientStats>): ClientStats {
  const none = {
    waiting: 0,
    connections: 0,
    inFlight: 0,
    dialled: 0,
    reused: 0,
    requests: 0,
    bytes: 0,
    errors: 0,
  }
  return { ...none, targets: [], clientIps: [], cache: null, ...given } as ClientStats
}

describe('figures for Prometheus', () => {
  it('count items, answers, errors, retries, bytes and client IPs', async () => {
    const metrics = await Metrics.open(null)
    expect(await linesOf(metrics, 'trawl_items_total')).toEqual([
      'trawl_items_total{result="ok"} 0',
      'trawl_items_total{result="failed"} 0',
    ])
    metrics.add(makeOutcome({ clientIp: '127.0.0.2', retries: 2, redirects: 1, cache: 'miss' }))
    metrics.add(
      makeOutcome({ ok: false, status: 429, clientIp: '127.0.0.2', bytesOnWire: 50, bytesDecoded: 50 }),
    )
    const failed = { ok: false, status: 0, error: 'ERR_TIMEOUT_HEAD', message: 'late' }
    metrics.add(
      makeOutcome({ ...failed, bytesOnWire: -1, bytesDecoded: -1, headMs: -1, totalMs: -1, retries: -1 }),
    )
    const text = await metrics.text()
    for (const line of [
      'trawl_items_total{result="ok"} 1',
      'trawl_items_total{result="failed"} 2',
      'trawl_responses_total{class="2xx"} 1',
      'trawl_responses_total{class="4xx"} 1',
      'trawl_errors_total{code="ERR_TIMEOUT_HEAD"} 1',
      'trawl_retries_total 2',
      'trawl_redirects_total 1',
      'trawl_cache_results_total{result="miss"} 1',
      'trawl_body_wire_bytes_total 150',
      'trawl_body_decoded_bytes_total 450',
      'trawl_client_ip_items_total{client_ip="127.0.0.2"} 2',
      'trawl_client_ip_refusals_total{client_ip="127.0.0.2"} 1',
      'trawl_item_head_seconds_count 2',
      'trawl_item_head_seconds_bucket{le="0.008"} 0',
      'trawl_item_head_seconds_bucket{le="0.016"} 2',
      'trawl_item_duration_seconds_sum 0.04',
    ]) {
      expect(text.split('\n')).toContain(line)
    }
    expect(text).not.toContain('one.test')
  })

  it('tell what the client does at the moment of the scrape, looking once', async () => {
    let looks = 0
    let stats = statsOf({ connections: 4, inFlight: 9, waiting: 7, dialled: 6, reused: 20, bytes: 1_000 })
    const paused = { paused: 3 }
    stats.targets = [paused, { paused: 0 }] as ClientStats['targets']
    const metrics = await Metrics.open(() => {
      looks++
      return stats
    })
    const first = await metrics.text()
    expect(looks).toBe(1)
    for (const line of [
      'trawl_connections 4',
      'trawl_exchanges_in_flight 9',
      'trawl_exchanges_waiting 7',
      'trawl_targets 2',
      'trawl_targets_paused 1',
      'trawl_connections_dialled_total 6',
      'trawl_connections_reused_total 20',
      'trawl_received_bytes_total 1000',
    ]) {
      expect(first.split('\n')).toContain(line)
    }
    // Targets that were forgotten took their counts with them.
    stats = statsOf({ dialled: 2 })
    expect(await linesOf(metrics, 'trawl_connections_dialled_total')).toEqual([
      'trawl_connections_dialled_total 6',
    ])
    stats = statsOf({ dialled: 5 })
    expect(await linesOf(metrics, 'trawl_connections_dialled_total')).toEqual([
      'trawl_connections_dialled_total 9',
    ])
    expect(await linesOf(metrics, 'trawl_connections')).toEqual(['trawl_connections 0'])
  })

  it('have no more series than the limit, whatever codes and addresses there are', async () => {
    const metrics = await Metrics.open(null)
    const many = LIMITS.maxReportNames + 30
    for (let i = 0; i < many; i++) {
      metrics.add(
        makeOutcome({ ok: false, status: 0, error: `ERR_${i}`, clientIp: `10.0.0.${i}`, host: `h${i}.test` }),
      )
    }
    const codes = await linesOf(metrics, 'trawl_errors_total')
    expect(codes).toHaveLength(LIMITS.maxReportNames + 1)
    expect(codes.at(-1)).toBe('trawl_errors_total{code="other"} 30')
    expect(await linesOf(metrics, 'trawl_client_ip_items_total')).toHaveLength(LIMITS.maxReportNames + 1)
  })

  it('can be read whatever stands in a label', async () => {
    const metrics = await Metrics.open(null)
    metrics.add(makeOutcome({ ok: false, status: 999, error: 'ERR_"\n\\' }))
    expect(await linesOf(metrics, 'trawl_errors_total')).toEqual([
      'trawl_errors_total{code="ERR_\\"\\n\\\\"} 1',
    ])
    expect(await linesOf(metrics, 'trawl_responses_total')).toEqual(['trawl_responses_total{class="9xx"} 1'])
  })
})
