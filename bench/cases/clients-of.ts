import type { BenchCase } from '../measure.ts'
import { loadOf, type LoadRecipe } from '../run-load.ts'

/** The load of bench/clients/ that each client is. */
const LOADS = {
  trawl: 'trawl/request',
  'trawl, with a jar': 'trawl/withJar',
  'undici request': 'undici/request',
  'undici dispatch': 'undici/dispatch',
  'undici fetch': 'undici/fetch',
  'node:http': 'node-http/request',
  'node:https': 'node-http/request',
  'built-in fetch': 'built-in/fetch',
  got: 'got/request',
  axios: 'axios/request',
  ky: 'ky/request',
  'node-fetch': 'node-fetch/fetch',
  'raw socket': 'raw-socket/request',
} as const

type ClientName = keyof typeof LOADS

/** They do the work of `recipe`, in this order. */
export function clientsOf(recipe: LoadRecipe, names: readonly ClientName[]): BenchCase['clients'] {
  return Object.fromEntries(names.map((name) => [name, loadOf(LOADS[name], recipe)]))
}

/** Those built on Node's own client: they take long, and no goal is about them. */
export const ON_NODE = ['built-in fetch', 'got', 'axios', 'ky', 'node-fetch'] as const
