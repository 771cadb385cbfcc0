import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const project = (name: string, include: string[], exclude: string[] = [], testTimeout = 30_000) => ({
  test: { name, include, exclude, testTimeout, setupFiles: ['spec/setup.ts'] },
})

export default defineConfig({
  test: {
    // One less than there are cores leaves a small machine with one: twice the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      project(
        'unit',
        ['spec/**/*.spec.ts'],
        ['spec/sim/**', 'spec/servers/**', 'spec/package/**', 'spec/style/**'],
      ),
      project('style', ['spec/style/**/*.spec.ts']),
      project('sim', ['spec/sim/**/*.spec.ts'], [], 60_000),
      project('servers', ['spec/servers/**/*.spec.ts'], [], 120_000),
      project('package', ['spec/package/**/*.spec.ts'], [], 300_000),
    ],
    coverage: {
      include: ['lib/**'],
      reporter: ['text-summary', 'json-summary'],
      // Percent of each folder, specs and simulation together: where a branch that nobody tries can give bytes to the
      // wrong request, or lose one.
      thresholds: {
        'lib/http1/**': { lines: 95, branches: 95 },
        'lib/scheduler/**': { lines: 95, branches: 95 },
        'lib/call/**': { lines: 95, branches: 95 },
      },
    },
  },
})
