import { decodeLog } from './decoder-log.ts'
import { type Comparison, DIFFERENCES, headOf } from './differences.ts'
import { Finding } from './finding.ts'
import { readByNode, type Reading } from './node-peer.ts'

/** What came of comparing one answer: 'same', 'neither' takes it, or the name of the difference. */
export type Agreement = string

export interface SingleAnswer {
  readonly method: string
  readonly wire: Uint8Array
}

/** What our decoder makes of one answer, and how many bytes of it. */
export function readByUs({ method, wire }: SingleAnswer): Reading & { consumed: number } {
  const input = { mode: 'lenient' as const, maxHeadSize: 65_536, methods: [method], wire }
  const { answers, events, error, consumed } = decodeLog(input, [wire], true)
  const answer = answers[0]
  return {
    verdict: answer?.whole === true ? 'whole' : error === '' ? 'cut' : 'reject',
    error: answer?.whole === true ? '' : error,
    status: answer?.head.status ?? 0,
    reason: answer?.head.statusText ?? '',
    interim: events.filter((event) => event.startsWith('interim')).length,
    fields: answer?.fields ?? [],
    body: answer?.body ?? '',
    trailers: answer?.trailers ?? [],
    consumed,
  }
}

/**
 * Reads one answer by our decoder and by node:http's. Throws a Finding where they differ in a way that has no name.
 * Where ours finds an end, node gets the bytes up to there: what it does about more is another question.
 */
export async function compareWithNode(single: SingleAnswer, insecure: boolean): Promise<Agreement> {
  const ours = readByUs(single)
  const wire = ours.verdict === 'whole' ? single.wire.subarray(0, ours.consumed) : single.wire
  const theirs = await readByNode({ method: single.method, wire, insecure })
  const taken = [ours, theirs].filter(isTaken).length
  if (taken === 0) return 'neither'
  if (taken === 2 && partsThatDiffer(ours, theirs).length === 0) return 'same'
  const text = Buffer.from(wire).toString('latin1')
  const pair: Comparison = { method: single.method, wire, text, head: headOf(text), ours, theirs, insecure }
  const takes = taken === 2 ? 'both' : isTaken(ours) ? 'ours' : 'theirs'
  const known = DIFFERENCES.find((difference) => difference.takes === takes && difference.applies(pair))
  if (known !== undefined) return known.name
  throw new Finding(
    `a difference without a name (insecure: ${insecure}): ${partsThatDiffer(ours, theirs).join(', ')}\n` +
      `  ours:   ${JSON.stringify(ours)}\n  theirs: ${JSON.stringify(theirs)}`,
  )
}

function isTaken({ verdict }: Reading): boolean {
  return verdict === 'whole' || verdict === 'upgrade'
}

function partsThatDiffer(ours: Reading, theirs: Reading): string[] {
  if (ours.verdict !== theirs.verdict) return [`${ours.verdict} against ${theirs.verdict}`]
  const parts = ['status', 'reason', 'interim', 'body', 'fields', 'trailers'] as const
  return parts.filter((part) => JSON.stringify(ours[part]) !== JSON.stringify(theirs[part]))
}
