import { parseAst } from 'vitest/node'

/** A node of the syntax tree, as far as the style specs look at it. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

export interface Import {
  /** As written: './deque.ts', 'node:net', 'pako'. */
  readonly specifier: string
  /** Nothing of it is left once types are stripped. */
  readonly typeOnly: boolean
  /** An `export … from`. */
  readonly reexport: boolean
  readonly line: number
}

/** One TypeScript file, parsed. `path` is relative to the repository, with forward slashes. */
export interface Source {
  readonly path: string
  readonly text: string
  readonly body: readonly Node[]
  readonly imports: readonly Import[]
}

export function parse(path: string, text: string): Source {
  const program = parseOrName(path, text)
  const imports: Import[] = []
  walk(program, (node) => {
    const found = importOf(node)
    if (found !== null) imports.push({ ...found, line: lineOf(text, node.start) })
  })
  return { path, text, body: program['body'] as Node[], imports }
}

function parseOrName(path: string, text: string): Node {
  try {
    return parseAst(text, { lang: 'ts', astType: 'ts' }) as unknown as Node
  } catch (error) {
    throw new Error(`${path} is no TypeScript`, { cause: error })
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}

/** What an identifier is called; '' for anything else. */
export function nameOf(node: unknown): string {
  const name = isNode(node) ? node['name'] : ''
  return typeof name === 'string' ? name : ''
}

/** Visits `node` and all below it, parents first. */
export function walk(node: Node, visit: (node: Node, parent: Node | null) => void, parent?: Node): void {
  visit(node, parent ?? null)
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const child of value) if (isNode(child)) walk(child, visit, node)
    } else if (isNode(value)) {
      walk(value, visit, node)
    }
  }
}

export function lineOf(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

/** Whether a doc comment stands right before `offset`. */
export function hasDocBefore(text: string, offset: number): boolean {
  const before = text.slice(0, offset).trimEnd()
  return before.endsWith('*/') && before.startsWith('/**', before.lastIndexOf('/*'))
}

function importOf(node: Node): Omit<Import, 'line'> | null {
  const source = node['source']
  if (!isNode(source) || typeof source['value'] !== 'string') return null
  const specifier = source['value']
  switch (node.type) {
    case 'ImportDeclaration':
      return { specifier, typeOnly: isTypeOnly(node, 'importKind'), reexport: false }
    case 'ExportNamedDeclaration':
      return { specifier, typeOnly: isTypeOnly(node, 'exportKind'), reexport: true }
    case 'ExportAllDeclaration':
      return { specifier, typeOnly: node['exportKind'] === 'type', reexport: true }
    case 'ImportExpression':
      return { specifier, typeOnly: false, reexport: false }
    case 'TSImportType':
      return { specifier, typeOnly: true, reexport: false }
    default:
      return null
  }
}

function isTypeOnly(node: Node, kind: 'importKind' | 'exportKind'): boolean {
  if (node[kind] === 'type') return true
  const specifiers = node['specifiers'] as Node[]
  return specifiers.length > 0 && specifiers.every((specifier) => specifier[kind] === 'type')
}
