import type { CrawlReport, Sample, TownReport } from './sample.ts'
import type { OpenTarget } from './targets.ts'

/** What goes between the processes of a soak. */
export type ToTown =
  | { readonly kind: 'open'; readonly targets: number; readonly seed: number }
  /** Nobody does anything wrong any more. */
  | { readonly kind: 'heal' }
  | { readonly kind: 'report' }

export type FromTown =
  | { readonly kind: 'open'; readonly targets: readonly OpenTarget[]; readonly ca: string }
  | { readonly kind: 'report'; readonly report: TownReport }

export type ToCrawl =
  | {
      readonly kind: 'begin'
      readonly targets: readonly OpenTarget[]
      readonly ca: string
      readonly seconds: number
      readonly seed: number
    }
  | { readonly kind: 'end' }

export type FromCrawl =
  | { readonly kind: 'sample'; readonly sample: Sample; readonly ends: Readonly<Record<string, number>> }
  /** The time is over; what is under way settles once the town is healed. */
  | { readonly kind: 'over' }
  | { readonly kind: 'report'; readonly report: CrawlReport }
