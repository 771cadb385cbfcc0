import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../lib/core/clock.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { JsonListFile, type JsonListOptions } from '../../lib/reports/json-list-file.ts'
import { SimClock } from '../../lib/testing/index.ts'
import { ReportFolder } from './report-folder.ts'

const OPENING = '{"entries":['
const CHILD = fileURLToPath(new URL('list-child.ts', import.meta.url))

function open(
  folder: ReportFolder,
  notes: string[] = [],
  more: Partial<JsonListOptions> = {},
): Promise<JsonListFile> {
  return JsonListFile.open(folder.file('list.json'), {
    name: 'list',
    opening: OPENING,
    closing: ']}',
    goesOn: false,
    clock: systemClock,
    note: (text) => notes.push(text),
    ...more,
  })
}

function entriesOf(folder: ReportFolder): unknown[] {
  return (folder.json('list.json') as { entries: unknown[] }).entries
}

describe('a file with a list', () => {
  it('is whole before its first entry, after each write and at its end', async () => {
    using folder = new ReportFolder()
    const clock = new SimClock()
    const file = await open(folder, [], { clock })
    expect(entriesOf(folder)).toEqual([])
    const expected: string[] = []
    for (const text of ['first', 'second, \u00e4 \u{1f600}', 'third']) {
      expected.push(text)
      file.add(JSON.stringify(text))
      await clock.advance(LIMITS.reportFlushInterval)
      await expect.poll(() => entriesOf(folder)).toEqual(expected)
    }
    file.add('1,\n2')
    await file.close()
    expect(entriesOf(folder)).toEqual([...expected, 1, 2])
  })

  it('is whole without an entry', async () => {
    using folder = new ReportFolder()
    const file = await open(folder)
    await file.close()
    expect(entriesOf(folder)).toEqual([])
  })

  it('is written once enough has gathered, before any time has passed', async () => {
    using folder = new ReportFolder()
    const file = await open(folder, [], { clock: new SimClock() })
    const entry = JSON.stringify('x'.repeat(LIMITS.reportWriteSize))
    file.add(entry)
    await expect.poll(() => entriesOf(folder)).toHaveLength(1)
    await file.close()
  })

  it('goes on with what it has, where it is asked to', async () => {
    using folder = new ReportFolder()
    for (const entry of ['1', '2', '3']) {
      const file = await open(folder, [], { goesOn: true })
      file.add(entry)
      await file.close()
    }
    expect(entriesOf(folder)).toEqual([1, 2, 3])
  })

  it('goes on with one that has no entry', async () => {
    using folder = new ReportFolder()
    await (await open(folder)).close()
    const file = await open(folder, [], { goesOn: true })
    file.add('1')
    await file.close()
    expect(entriesOf(folder)).toEqual([1])
  })

  it.each([
    ['of another kind', '{"other":[\n]}\n'],
    ['that is cut', '{"entries":[\n1,\n2'],
    ['that is empty', ''],
    ['that is shorter than its frame', '{"entries":]}\n'],
  ])('overwrites one %s', async (_, text) => {
    using folder = new ReportFolder()
    writeFileSync(folder.file('list.json'), text)
    const file = await open(folder, [], { goesOn: true })
    file.add('7')
    await file.close()
    expect(entriesOf(folder)).toEqual([7])
  })

  it('overwrites what is longer than itself', async () => {
    using folder = new ReportFolder()
    writeFileSync(folder.file('list.json'), `${OPENING}\n${'1,'.repeat(1000)}1\n]}\n`)
    const file = await open(folder)
    file.add('7')
    await file.close()
    expect(entriesOf(folder)).toEqual([7])
  })

  it('holds no more than its bound while the disk is busy, and says what it lacks', async () => {
    using folder = new ReportFolder()
    const notes: string[] = []
    const file = await open(folder, notes)
    const entry = JSON.stringify('x'.repeat(1_048_574))
    // The first is being written; of the others, 16 are kept, with what stands between them more than the bound.
    for (let i = 0; i < 30; i++) file.add(entry)
    await file.close()
    expect(LIMITS.reportBuffer).toBe(16 * 1_048_576)
    expect(entriesOf(folder)).toHaveLength(17)
    expect(notes).toEqual([expect.stringContaining('lacks 13 entries')])
  })

  it('rejects where it cannot be opened', async () => {
    using folder = new ReportFolder()
    const inNoFolder = { name: 'x', opening: '[', closing: ']', clock: systemClock, note: () => {} }
    await expect(
      JsonListFile.open(folder.file('none/list.json'), { ...inNoFolder, goesOn: true }),
    ).rejects.toMatchObject({
      code: 'ENOENT',
    })
    await expect(JsonListFile.open('/dev/full', { ...inNoFolder, goesOn: false })).rejects.toMatchObject({
      code: 'ENOSPC',
    })
  })

  it('is whole where the disk would take no more, which is said once', () => {
    using folder = new ReportFolder()
    // 256 KiB: less than is added, and in the midst of a write.
    const command = 'ulimit -f 256; exec "$0" "$@"'
    const text = execFileSync('bash', ['-c', command, process.execPath, CHILD, folder.file('list.json')], {
      encoding: 'utf8',
    })
    const { failed, notes } = JSON.parse(text) as { failed: boolean; notes: string[] }
    expect(failed).toBe(true)
    expect(notes).toEqual([expect.stringContaining('is written no further: EFBIG')])
    expect(entriesOf(folder).every((entry) => String(entry).length === 9_998)).toBe(true)
  })
})
