import { join, relative, sep } from 'node:path'
import { defineConfig, type ChunkingContext, type Plugin } from 'rolldown'
import manifest from './package.json' with { type: 'json' }

/**
 * What is published: lib in a few files, because a Node that imports 200 of them is busy for 150 ms before it does
 * anything. Packages stay outside, what is loaded when first used stays a file of its own, and nothing is
 * minified: stack traces and people read it. See docs/decisions/0013-bundled-build.md.
 */
export default defineConfig({
  input: {
    index: 'lib/index.ts',
    'testing/index': 'lib/testing/index.ts',
    'reports/index': 'lib/reports/index.ts',
    'cli/main': 'lib/cli/main.ts',
  },
  platform: 'node',
  tsconfig: 'tsconfig.build.json',
  external: [/^node:/, ...Object.keys(manifest.dependencies).map((name) => new RegExp(`^${name}(/|$)`))],
  transform: { target: 'node22.15' },
  logLevel: 'warn',
  plugins: [builtinsAsTheyAre()],
  output: {
    dir: 'dist',
    format: 'esm',
    minify: false,
    minifyInternalExports: false,
    sourcemap: true,
    sourcemapExcludeSources: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'parts/[name].js',
    codeSplitting: {
      groups: [
        // One for all entries, so that a class is the same class in each of them.
        { name: 'library', test: (id) => !['cli', 'reports', 'testing'].includes(folderOf(id)) },
        { name: commandPart, test: (id) => folderOf(id) === 'cli', minShareCount: 2 },
      ],
    },
  },
})

/** What needs the library, and what must not wait for it: to load it takes longer than to tell the version. */
function commandPart(id: string, context: ChunkingContext): string {
  return needsLibrary(id, context, new Set()) ? 'command-at-work' : 'command'
}

function needsLibrary(id: string, context: ChunkingContext, seen: Set<string>): boolean {
  if (folderOf(id) === 'index.ts') return true
  if (seen.has(id)) return false
  seen.add(id)
  return context.getModuleInfo(id)?.importedIds.some((each) => needsLibrary(each, context, seen)) ?? false
}

/** The folder of lib that a module is in. */
function folderOf(id: string): string {
  return relative(join(import.meta.dirname, 'lib'), id).split(sep)[0]!
}

/**
 * An `import` of a built-in module calls each getter among its exports: `node:process` opens stdout, `node:util` loads
 * its parser of arguments, `node:fs` its promises. That is half of what all that the library imports would cost.
 */
function builtinsAsTheyAre(): Plugin {
  return {
    name: 'builtins-as-they-are',
    renderChunk: {
      order: 'post',
      // Line for line, so that the source maps stay right.
      handler: (code) => ({ code: code.replace(/^import .+ from "node:.+$/gm, withoutImport), map: null }),
    },
  }
}

function withoutImport(line: string): string {
  const [, whole, some, id] = /^import (\w+)?(?:, )?(?:\{ (.+) \})? from ("node:.+");$/.exec(line) ?? []
  const names = [whole, some === undefined ? undefined : `{ ${some.replaceAll(' as ', ': ')} }`]
  const parts = names.filter((name) => name !== undefined)
  if (parts.length === 0) throw new Error(`the build cannot rewrite: ${line}`)
  return `const ${parts.map((part) => `${part} = process.getBuiltinModule(${id})`).join(', ')};`
}
