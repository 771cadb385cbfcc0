import { hasDocBefore, isNode, lineOf, nameOf, type Node, type Source, walk } from './source.ts'

const MAX_FILE_LINES = 450
const MAX_FUNCTION_LINES = 70

const MARKERS = /\b(TODO|FIXME|XXX)\b/
const REGISTRY = /\b(registry|artifactory|verdaccio)\.[a-z0-9-]+\.[a-z]|"resolved": "[^"]*:\/\//
const MACHINE_PATHS = /(^|[\s'"`(=])\/(work|root|home|Users)\//
const FOCUS = /\b(?:describe|it|test|bench)(?:\.\w+)*\.(?:only|skip|todo)\b(?!\w)/

/** What no tracked text may hold: one line for each find. */
export function checkText(path: string, text: string): string[] {
  const breaches: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const at = `${path}:${index + 1}`
    if (MARKERS.test(line)) breaches.push(`${at}: finish it or write it into an issue`)
    if (REGISTRY.test(line)) breaches.push(`${at}: names a package registry`)
    if (MACHINE_PATHS.test(line)) breaches.push(`${at}: names a path of one machine`)
    if (path.endsWith('.spec.ts') && FOCUS.test(line)) breaches.push(`${at}: every spec runs, always`)
  }
  return breaches
}

/** Sizes: long files everywhere, long functions outside the specs (a describe is long by nature). */
export function checkSizes(source: Source): string[] {
  const lines = source.text.trimEnd().split('\n').length
  const breaches =
    lines > MAX_FILE_LINES ? [`${source.path}: ${lines} lines, more than ${MAX_FILE_LINES}`] : []
  if (source.path.startsWith('spec/')) return breaches
  const check = (node: Node): void => {
    if (!/Function(Declaration|Expression)$/.test(node.type)) return
    const first = lineOf(source.text, node.start)
    const length = lineOf(source.text, node.end) - first + 1
    if (length > MAX_FUNCTION_LINES) {
      breaches.push(`${source.path}:${first}: a function of ${length} lines, more than ${MAX_FUNCTION_LINES}`)
    }
  }
  for (const statement of source.body) walk(statement, check)
  return breaches
}

/** Every class and function that `index` makes public says what it is. */
export function checkDocs(index: Source, sourceOf: (specifier: string) => Source): string[] {
  const breaches: string[] = []
  for (const node of index.body) {
    const from = node['source']
    if (node.type !== 'ExportNamedDeclaration' || !isNode(from)) continue
    const source = sourceOf(String(from['value']))
    for (const specifier of node['specifiers'] as Node[]) {
      const name = nameOf(specifier['local'])
      breaches.push(...checkDoc(source, name))
    }
  }
  return breaches
}

function checkDoc(source: Source, name: string): string[] {
  for (const node of source.body) {
    const declaration = node.type === 'ExportNamedDeclaration' ? node['declaration'] : null
    if (!isNode(declaration) || declaredName(declaration) !== name) continue
    if (!/^(Class|Function)Declaration$/.test(declaration.type)) return []
    return hasDocBefore(source.text, node.start)
      ? []
      : [`${source.path}: ${name} is public and has no docstring`]
  }
  return [`${source.path}: ${name} is public, but not declared here`]
}

function declaredName(declaration: Node): string {
  const first = (declaration['declarations'] as Node[] | undefined)?.[0]
  return nameOf(first === undefined ? declaration['id'] : first['id'])
}

/** Entries of the object literal that `name` is: all must say their unit and reason. */
export function checkEntriesDocumented(source: Source, name: string): string[] {
  const breaches: string[] = []
  let entries = 0
  for (const statement of source.body) {
    walk(statement, (node, parent) => {
      const isEntry = node.type === 'Property' && parent?.type === 'ObjectExpression'
      if (!isEntry) return
      entries++
      if (!hasDocBefore(source.text, node.start)) {
        breaches.push(
          `${source.path}:${lineOf(source.text, node.start)}: an entry of ${name} without a comment`,
        )
      }
    })
  }
  return entries === 0 ? [`${source.path}: no entries of ${name} found`] : breaches
}

/** Relative links and named examples of a Markdown page, as paths from the page's own folder. */
export function linksOf(markdown: string): string[] {
  const links = [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!)
  return links.filter((link) => !/^(https?:|mailto:|#)/.test(link)).map((link) => link.replace(/#.*$/, ''))
}
