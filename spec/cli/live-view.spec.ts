import { afterEach, describe, expect, it, vi } from 'vitest'
import { LiveView, sizeOf } from '../../lib/cli/live-view.ts'
import { viewLines, type ViewLine } from '../../lib/cli/progress-view.ts'
import { makeHost, makeState } from './make-outcome.ts'
import { Screen } from './terminal.ts'

let screen: Screen

afterEach(() => {
  screen.dispose()
  vi.unstubAllEnvs()
})

/** As many lines, as wide as may be. */
function wide(count: number, columns: number, mark = 'x'): ViewLine[] {
  return Array.from({ length: count }, (_, row) => ({
    text: `L${row} `.padEnd(columns - 1, mark),
    style: 'plain' as const,
  }))
}

function texts(lines: readonly ViewLine[]): string[] {
  return lines.map(({ text }) => text)
}

describe('the live view', () => {
  it('is written anew in place, each state in one write with no line blank in between', async () => {
    screen = new Screen(80, 24)
    const view = new LiveView(screen.stream)
    screen.stream.write('$ trawl get\n')
    view.draw(wide(4, 80))
    view.draw(wide(4, 80, 'y'))
    expect(await screen.lines()).toEqual(['$ trawl get', ...texts(wide(4, 80, 'y'))])
    expect(await screen.cursor()).toEqual({ column: 0, row: 5 })
    expect(screen.writes).toHaveLength(3)
    const last = screen.writes[2]!
    // What erases comes after the text of its line, never before.
    const lines = texts(wide(4, 80, 'y')).map((text) => `${text}\x1b[K\n`)
    expect(last).toBe(`\x1b[?2026h\x1b[4A\r${lines.join('')}\x1b[J\x1b[?2026l`)
  })

  it('shrinks and grows without anything left over', async () => {
    screen = new Screen(80, 24)
    const view = new LiveView(screen.stream)
    view.draw(wide(6, 80))
    view.draw([{ text: 'short', style: 'plain' }])
    expect(await screen.lines()).toEqual(['short'])
    view.draw(wide(3, 60))
    expect(await screen.lines()).toEqual(texts(wide(3, 60)))
  })

  it('leaves no old line when the terminal becomes narrower, wider, lower and higher', async () => {
    screen = new Screen(80, 24)
    const view = new LiveView(screen.stream)
    view.print('a note')
    view.draw(wide(8, 80))
    for (const [columns, rows] of [
      [40, 24],
      [120, 24],
      [60, 24],
      [30, 24],
      [31, 20],
      [119, 30],
      [80, 24],
    ] as const) {
      await screen.resize(columns, rows)
      view.draw(wide(8, columns))
      expect(await screen.lines()).toEqual(['a note', ...texts(wide(8, columns))])
    }
    expect(await screen.scrolledOff()).toBe(0)
  })

  it('is whole again when it was wrapped and unwrapped between two states', async () => {
    screen = new Screen(80, 24)
    const view = new LiveView(screen.stream)
    view.draw(wide(5, 80))
    await screen.resize(40, 24)
    await screen.resize(120, 24)
    view.draw(wide(5, 120, 'y'))
    expect(await screen.lines()).toEqual(texts(wide(5, 120, 'y')))
  })

  it('keeps messages above it, whatever characters they have and however long they are', async () => {
    screen = new Screen(40, 12)
    const view = new LiveView(screen.stream)
    view.draw(wide(2, 40))
    const long = 'm'.repeat(100)
    const double = '漢字'.repeat(15)
    view.print(long)
    view.print(`two\nlines`)
    view.print(double)
    view.draw(wide(2, 40, 'y'))
    expect(await screen.lines()).toEqual([
      'm'.repeat(40),
      'm'.repeat(40),
      'm'.repeat(20),
      'two',
      'lines',
      '漢字'.repeat(10),
      '漢字'.repeat(5),
      ...texts(wide(2, 40, 'y')),
    ])
  })

  it('scrolls with its messages', async () => {
    screen = new Screen(40, 6)
    const view = new LiveView(screen.stream)
    view.draw(wide(3, 40))
    for (let i = 0; i < 20; i++) view.print(`message ${i}`)
    expect(await screen.lines()).toEqual(['message 18', 'message 19', ...texts(wide(3, 40))])
    expect(await screen.scrolledOff()).toBe(18)
  })

  it('takes a terminal that does not know its size for one of 80 columns', async () => {
    screen = new Screen(80, 24)
    Object.assign(screen.stream, { columns: 0, rows: 0 })
    const view = new LiveView(screen.stream)
    view.draw(wide(3, 80))
    view.draw(wide(3, 80, 'y'))
    expect(await screen.lines()).toEqual(texts(wide(3, 80, 'y')))
    expect(sizeOf(screen.stream)).toEqual({ columns: 80, rows: 24 })
  })

  it('is gone at the end, and has left the cursor alone', async () => {
    screen = new Screen(80, 24)
    const view = new LiveView(screen.stream)
    view.print('a note')
    view.draw(wide(5, 80))
    view.clear()
    view.clear()
    screen.stream.write('summary\n')
    expect(await screen.lines()).toEqual(['a note', 'summary'])
    expect(await screen.cursor()).toEqual({ column: 0, row: 2 })
    expect(screen.writes.join('')).not.toContain('\x1b[?25')
  })

  it('is coloured where the terminal can, and not with NO_COLOR', async () => {
    screen = new Screen(80, 24)
    const view = new LiveView(screen.stream)
    const lines: ViewLine[] = [{ text: 'paused', style: 'yellow' }]
    vi.stubEnv('NO_COLOR', undefined)
    vi.stubEnv('FORCE_COLOR', '1')
    view.draw(lines)
    expect(await screen.lines()).toEqual(['paused'])
    expect(screen.writes.at(-1)).toContain('\x1b[33mpaused')
    vi.stubEnv('FORCE_COLOR', undefined)
    vi.stubEnv('TERM', 'xterm-256color')
    vi.stubEnv('COLORTERM', 'truecolor')
    vi.stubEnv('NO_COLOR', '1')
    view.draw(lines)
    await screen.lines()
    expect(screen.writes.at(-1)).not.toContain('\x1b[33m')
  })

  it('fits every terminal, with all that a run has', async () => {
    const hosts = Array.from({ length: 10 }, (_, i) => makeHost(`h${i}.${'long'.repeat(i)}.test`))
    const state = makeState({ hosts, done: 999_999, total: 9_999_999, retrying: 9_999, pausedTargets: 12 })
    screen = new Screen(120, 24)
    const view = new LiveView(screen.stream)
    for (let columns = 119; columns > 1; columns -= 6) {
      await screen.resize(columns, 24)
      const lines = viewLines(state, columns, 24)
      view.draw(lines)
      expect(await screen.lines()).toEqual(texts(lines).map((text) => text.trimEnd()))
    }
  })
})
