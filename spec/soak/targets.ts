import type { Random } from '../../lib/testing/random.ts'

/**
 * 'honest' does nothing wrong, so that no call to it may fail. 'mortal' is honest, but dies and comes back.
 * 'nameless' is honest, but its name is not found at times. 'hostile' does what the misdeeds say.
 */
export type TargetKind = 'honest' | 'mortal' | 'nameless' | 'hostile'

export interface TargetPlan {
  readonly kind: TargetKind
  readonly scheme: 'http' | 'https'
  /** In the URL: a name, which the client's `resolve` leads to `address`, or the address itself. */
  readonly host: string
  readonly address: string
  /** ms that the server keeps an idle connection. */
  readonly keepAlive: number
  /** It closes after so many answers, as announced; 0: never. */
  readonly closeAfter: number
}

export interface OpenTarget extends TargetPlan {
  readonly port: number
  readonly origin: string
}

export const DOMAIN = 'soak.test'

/** Where servers listen; clients come from others. */
const ADDRESSES = Array.from({ length: 20 }, (_, n) => `127.0.0.${10 + n}`)

export const CLIENT_IPS: readonly string[] = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']
/** No server listens here. */
export const DEAD_ADDRESS = '127.0.0.9'

/** Of each kind so many; the rest is honest. */
const SHARES: readonly (readonly [TargetKind, number])[] = [
  ['hostile', 0.3],
  ['mortal', 0.15],
  ['nameless', 0.05],
]

export function planTargets(count: number, random: Random): TargetPlan[] {
  const kinds: TargetKind[] = SHARES.flatMap(([kind, share]) =>
    Array.from({ length: Math.max(1, Math.round(share * count)) }, () => kind),
  )
  return Array.from({ length: count }, (_, index) => {
    const kind = kinds[index] ?? 'honest'
    const address = random.pick(ADDRESSES)
    const named = kind === 'nameless' || random.chance(0.5)
    return {
      kind,
      scheme: random.chance(0.4) ? 'https' : 'http',
      host: named ? `t${index}.${DOMAIN}` : address,
      address,
      keepAlive: random.pick([3_000, 5_000, 30_000]),
      closeAfter: random.pick([0, 0, 0, 20, 100]),
    }
  })
}

export function originOf({ scheme, host }: TargetPlan, port: number): string {
  return `${scheme}://${host}:${port}`
}

/** What a certificate for all targets names. */
export function certifiedHosts(): string[] {
  return [`*.${DOMAIN}`, ...ADDRESSES]
}
