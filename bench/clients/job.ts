import type { Meter } from '../meter.ts'

/** What a load is asked to do: keep `connections * depth` requests for `origin + path` under way, until the meter says stop. */
export interface Job {
  readonly origin: string
  readonly path: string
  /** Bytes of the body, decoded; each one is checked. */
  readonly bodySize: number
  /** What the body is delivered as. */
  readonly as: 'text' | 'bytes'
  readonly connections: number
  readonly depth: number
  /** The server closes each connection after its answer. */
  readonly fresh: boolean
  /** Whether the body is coded with gzip: clients that ask for codings only when told are told. */
  readonly gzip: boolean
}

/** Resolves when no request is under way any more. */
export type Load = (job: Job, meter: Meter) => Promise<void>

/** Runs `one`, which resolves with the length of a whole body, over and over, so many at a time. */
export async function loops(job: Job, meter: Meter, one: () => Promise<number>): Promise<void> {
  const loop = async (): Promise<void> => {
    for (let goOn = true; goOn;) {
      const place = meter.begin()
      const size = await one()
      if (size !== job.bodySize) throw new Error(`a body of ${size} instead of ${job.bodySize}`)
      goOn = meter.done(place)
    }
  }
  await Promise.all(Array.from({ length: job.connections * job.depth }, loop))
}
