/**
 * Why a run ended: its list was done; Ctrl-C or a signal; --max-failures or --max-total-time was reached; the
 * disk was full; a file could not be written; its input could not be read on; or a request that is wrong for
 * every URL.
 */
export type FinishReason =
  | 'done'
  | 'interrupted'
  | 'max-failures'
  | 'max-total-time'
  | 'disk-full'
  | 'file'
  | 'input'
  | 'request'
