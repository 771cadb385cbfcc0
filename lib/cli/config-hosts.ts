import type { HostOptions, PacingInput } from '../index.ts'
import { checkByClient } from './check-by-client.ts'
import { usageError } from './cli-error.ts'
import { HOST_KEYS } from './config-keys.ts'
import { checkKey, isTable, readFlag, readText, type ConfigTable, type PlaceOf } from './config-table.ts'
import { byteRateOption, countOption, MAX_CONNECTIONS, MAX_PIPELINE, secondsOption } from './options.ts'
import { pacingOf, rateOption } from './rate.ts'

/** The table `hosts` of a config file: patterns, and the settings of each. Throws a CliError. */
export function readHosts(hosts: unknown, placeOf: PlaceOf): Readonly<Record<string, HostOptions>> {
  if (!isTable(hosts)) {
    throw usageError(
      `${placeOf(['hosts'])}: hosts is no table; write [hosts."*.example.com"], and keys below it`,
    )
  }
  const read = Object.fromEntries(
    Object.entries(hosts).map(([pattern, entries]) => {
      if (isTable(entries)) {
        return [pattern, readHost({ entries, place: (key) => placeOf(['hosts', pattern, key]) }, pattern)]
      }
      const name = JSON.stringify(pattern.slice(0, 64))
      throw usageError(
        `${placeOf(['hosts', pattern])}: hosts has no settings for ${name}; write [hosts.${name}], and keys below it`,
      )
    }),
  )
  checkPatterns(read, placeOf)
  return read
}

/** The library knows which patterns there are. */
function checkPatterns(hosts: Readonly<Record<string, HostOptions>>, placeOf: PlaceOf): void {
  try {
    checkByClient('', { hosts })
  } catch {
    for (const [pattern, options] of Object.entries(hosts)) {
      checkByClient(placeOf(['hosts', pattern]), { hosts: Object.fromEntries([[pattern, options]]) })
    }
    checkByClient(placeOf(['hosts']), { hosts })
  }
}

function readHost(table: ConfigTable, pattern: string): HostOptions {
  const has = (key: string): boolean => Object.hasOwn(table.entries, key)
  for (const key of Object.keys(table.entries))
    checkKey(table, key, `[hosts."${pattern.slice(0, 64)}"]`, [...HOST_KEYS.keys()])
  const pacing: PacingInput = {
    ...(has('rate') ? wholePace(readText(table, 'rate', rateOption)) : {}),
    ...(has('auto-throttle') ? { autoThrottle: readFlag(table, 'auto-throttle') } : {}),
    ...(has('stall-limit') ? { stallLimit: readText(table, 'stall-limit', secondsOption) } : {}),
  }
  return {
    maxConnPerTarget: has('max-conn') ? readText(table, 'max-conn', countOption(MAX_CONNECTIONS)) : undefined,
    maxPipelinedRequests: has('pipeline')
      ? readText(table, 'pipeline', countOption(MAX_PIPELINE))
      : undefined,
    maxDownloadRatePerTarget: has('limit-rate') ? readText(table, 'limit-rate', byteRateOption) : undefined,
    pacing: Object.keys(pacing).length === 0 ? undefined : pacing,
  }
}

/** Nothing of --rate-per-host is left: of a gap and a window the slower one would win. */
function wholePace(gap: number): PacingInput {
  return { minInterval: 0, requestsPerInterval: Infinity, ...pacingOf(gap) }
}
