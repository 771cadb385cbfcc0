import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CLI_LIMITS } from '../../lib/cli/limits.ts'
import { ownVersion } from '../../lib/cli/own-version.ts'
import { LIMITS, version } from '../../lib/index.ts'
import { loadedBy } from '../loaded-by.ts'

const MAIN = join(import.meta.dirname, '../../lib/cli/main.ts')

describe('what the command tells of itself', () => {
  it.each([[['--version']], [['get', '--help']], [['job', '--help']]])(
    'comes without the library: %j',
    async (args) => {
      const loaded = await loadedBy(MAIN, ...args)
      expect(loaded).toContain('lib/cli/command-line.ts')
      expect(loaded).not.toContain('lib/index.ts')
      expect(loaded).not.toContain('lib/client.ts')
    },
  )

  it('is what the library tells', () => {
    expect(ownVersion()).toBe(version)
    expect(CLI_LIMITS.maxPipeline).toBe(LIMITS.maxDepth)
  })
})
