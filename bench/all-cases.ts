import { cases as bodies } from './cases/bodies.ts'
import { cases as delay } from './cases/delay.ts'
import { cases as fetch } from './cases/fetch.ts'
import { cases as small } from './cases/small.ts'
import { cases as tls } from './cases/tls.ts'
import type { BenchCase } from './measure.ts'

/** In the order of the report. */
export const ALL_CASES: readonly BenchCase[] = [...small, ...bodies, ...fetch, ...tls, ...delay]
