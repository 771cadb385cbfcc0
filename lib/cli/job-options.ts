/** What `trawl job` was asked to do, checked. */
export interface JobOptions {
  /** The folder that `trawl get --job` keeps its journal in. */
  readonly dir: string
  readonly action: 'status' | 'retry-failed' | 'export'
  /** The file of 'export'; `-` for standard output; '' for the other actions. */
  readonly file: string
  /** The answer is JSON, for programs. */
  readonly json: boolean
}
