/** The process of the servers: all targets of a soak. Started by run.ts, which talks to it by messages. */
import { setTimeout as wait } from 'node:timers/promises'
import { Random } from '../../lib/testing/random.ts'
import { HostileServer } from '../hostile/hostile-server.ts'
import { createAuthority, type Identity } from '../net/certificates.ts'
import { HonestSite } from './honest-site.ts'
import { Mood } from './mood.ts'
import type { FromTown, ToTown } from './messages.ts'
import { Register } from './register.ts'
import { certifiedHosts, originOf, planTargets, type OpenTarget, type TargetPlan } from './targets.ts'

/** How long a hostile server keeps its mood, and how long mortal ones live and are dead, ms. */
const MOOD: readonly [number, number] = [3_000, 10_000]
const LIFE: readonly [number, number] = [3_000, 20_000]
const DEATH: readonly [number, number] = [500, 4_000]
/** Attempts to listen on the port that it had, which somebody may have taken. */
const RISES = 50

const register = new Register()
const moods: Mood[] = []
const mortals: { site: HonestSite; random: Random }[] = []
const healed = new AbortController()

function tell(message: FromTown): void {
  process.send!(message)
}

async function open(count: number, seed: number): Promise<void> {
  const random = new Random(seed)
  const authority = await createAuthority('trawl soak CA')
  const identity = await authority.issue({ hosts: certifiedHosts() })
  const targets: OpenTarget[] = []
  for (const plan of planTargets(count, random)) targets.push(await openOne(plan, random.fork(), identity))
  tell({ kind: 'open', targets, ca: authority.cert })
  for (const mood of moods) void changeMood(mood, random.fork())
  for (const mortal of mortals) void liveAndDie(mortal.site, mortal.random)
}

async function openOne(plan: TargetPlan, random: Random, identity: Identity): Promise<OpenTarget> {
  if (plan.kind === 'hostile') return openHostile(plan, random, identity)
  const site = await HonestSite.open(plan, register, identity)
  if (plan.kind === 'mortal') mortals.push({ site, random })
  return site.target
}

async function openHostile(plan: TargetPlan, random: Random, identity: Identity): Promise<OpenTarget> {
  const mood = new Mood(random)
  moods.push(mood)
  let origin = ''
  const server = await HostileServer.listen(
    (request) => {
      const { method, path, headers } = request
      register.note(method, origin, path, (name) => headers.get(name))
      const misdeed = mood.decide(method)
      if (misdeed.kind !== 'none') register.noteMisdeed(misdeed.kind, method)
      return misdeed
    },
    {
      host: plan.address,
      ...(plan.scheme === 'https' && { tls: identity }),
      accept: () => {
        const deed = mood.accept()
        if (deed !== 'accept') register.noteMisdeed(`accept ${deed}`)
        return deed
      },
    },
  )
  origin = originOf(plan, server.port)
  return { ...plan, port: server.port, origin }
}

/** false: the town has been healed meanwhile. */
async function pause(random: Random, [least, most]: readonly [number, number]): Promise<boolean> {
  try {
    await wait(random.between(least, most), undefined, { signal: healed.signal })
    return true
  } catch {
    return false
  }
}

async function changeMood(mood: Mood, random: Random): Promise<void> {
  while (await pause(random, MOOD)) mood.change()
  mood.heal()
}

async function liveAndDie(site: HonestSite, random: Random): Promise<void> {
  while (await pause(random, LIFE)) {
    await site.die()
    register.noteMisdeed('death')
    await pause(random, DEATH)
    await riseAgain(site)
  }
}

async function riseAgain(site: HonestSite): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await site.rise()
      return
    } catch (error) {
      if (tries >= RISES) throw error
      await wait(100)
    }
  }
}

process.on('message', (message: ToTown) => {
  if (message.kind === 'open') void open(message.targets, message.seed)
  else if (message.kind === 'heal') healed.abort()
  else tell({ kind: 'report', report: register.report() })
})
// Its parent has gone.
process.on('disconnect', () => process.exit(1))
