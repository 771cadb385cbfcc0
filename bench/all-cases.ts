import { cases as backlog } from './cases/backlog.ts'
import { cases as bodies } from './cases/bodies.ts'
import { cases as cache } from './cases/cache.ts'
import { cases as commands } from './cases/commands.ts'
import { cases as cookies } from './cases/cookies.ts'
import { cases as delay } from './cases/delay.ts'
import { cases as downloads } from './cases/downloads.ts'
import { cases as fetch } from './cases/fetch.ts'
import { cases as memory } from './cases/memory.ts'
import { cases as small } from './cases/small.ts'
import { cases as start } from './cases/start.ts'
import { cases as targets } from './cases/targets.ts'
import { cases as tls } from './cases/tls.ts'
import type { BenchCase } from './measure.ts'

/** In the order of the report. */
export const ALL_CASES: readonly BenchCase[] = [
  ...small,
  ...bodies,
  ...fetch,
  ...tls,
  ...delay,
  ...targets,
  ...memory,
  ...backlog,
  ...cache,
  ...cookies,
  ...downloads,
  ...commands,
  ...start,
]
