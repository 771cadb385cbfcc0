import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { FileWriter } from '../../lib/jobs/file-writer.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trawl-writer-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

/** Bytes that tell their place. */
function numbered(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255))
}

/** Gives `bytes` in parts of at most `part`, as a reader of `room` does. */
async function give(writer: FileWriter, bytes: Buffer, part: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { room } = writer
    expect(room.length).toBeGreaterThan(0)
    const count = Math.min(part, room.length, bytes.length - at)
    room.set(bytes.subarray(at, at + count))
    at += count
    await writer.took(count)
    expect(writer.end).toBe(at)
  }
}

const { downloadBuffer, downloadWriteSize } = LIMITS
const SIZES = [0, 1, 16_384, 16_385, 100_000, downloadWriteSize, downloadBuffer, 2 * downloadBuffer + 7]

describe.each([true, false])('a file whose length is known: %s', (isKnown) => {
  it.each(SIZES)('of %i bytes is what was given', async (size) => {
    const bytes = numbered(size)
    for (const part of [Infinity, 50_000]) {
      const path = join(folder, `${isKnown}-${size}-${part}`)
      const handle = await open(path, 'wx')
      const writer = new FileWriter(handle, path, 0, isKnown ? size : -1)
      await give(writer, bytes, part)
      // What finds the end needs room, too.
      expect(writer.room.length).toBeGreaterThan(0)
      await writer.flush()
      await handle.close()
      expect((await readFile(path)).equals(bytes)).toBe(true)
    }
  })
})

describe('what has been given', () => {
  it('is written in large parts, each behind the one before, and is never more than the buffer', async () => {
    const path = join(folder, 'growing')
    const handle = await open(path, 'wx')
    const size = 4 * downloadBuffer
    const bytes = numbered(size)
    const writer = new FileWriter(handle, path, 0, size)
    for (let at = 0; at < size;) {
      const { room } = writer
      // Reads that do not end where the buffer does.
      const count = Math.min(99_991, room.length, size - at)
      room.set(bytes.subarray(at, at + count))
      at += count
      const wait = writer.took(count)
      const written = await readFile(path)
      expect(at - written.length).toBeLessThanOrEqual(downloadBuffer)
      expect(written.equals(bytes.subarray(0, written.length))).toBe(true)
      await wait
    }
    await writer.flush()
    await handle.close()
    expect((await readFile(path)).equals(bytes)).toBe(true)
  })

  it('waits only when the buffer is full, and has then room for another write', async () => {
    const path = join(folder, 'full')
    const handle = await open(path, 'wx')
    const writer = new FileWriter(handle, path, 0, 2 * downloadBuffer)
    expect(writer.room).toHaveLength(downloadBuffer)
    // No turn of the loop ends here, so no write does.
    const waits = Array.from({ length: downloadBuffer / downloadWriteSize }, () =>
      writer.took(downloadWriteSize),
    )
    expect(waits.slice(0, -1)).toEqual(waits.slice(0, -1).fill(undefined))
    await waits.at(-1)
    expect(writer.room).toHaveLength(downloadWriteSize)
    await writer.flush()
    await handle.close()
  })

  it('may be written to another place after a flush', async () => {
    const path = join(folder, 'sought')
    const handle = await open(path, 'wx')
    const writer = new FileWriter(handle, path, 0, downloadBuffer)
    await give(writer, numbered(downloadWriteSize + 10), 50_000)
    await writer.seek(downloadWriteSize)
    expect(writer.end).toBe(downloadWriteSize)
    writer.room.set(Buffer.from('new'))
    await writer.took(3)
    await writer.flush()
    await handle.close()
    const file = await readFile(path)
    expect(file).toHaveLength(downloadWriteSize + 10)
    expect(file.toString('latin1', downloadWriteSize, downloadWriteSize + 3)).toBe('new')
  })
})

describe('files written at once', () => {
  it('do not share memory', async () => {
    const all = Array.from({ length: 2 * LIMITS.spareWriteBuffers }, (_, i) => i)
    for (let round = 0; round < 2; round++) {
      await Promise.all(
        all.map(async (i) => {
          const path = join(folder, `many-${round}-${i}`)
          const bytes = Buffer.alloc(2 * downloadWriteSize, i)
          const handle = await open(path, 'wx')
          const writer = new FileWriter(handle, path, 0, bytes.length)
          await give(writer, bytes, 300_000)
          await writer.flush()
          await handle.close()
          expect((await readFile(path)).equals(bytes)).toBe(true)
        }),
      )
    }
  })
})

describe('a disk that refuses', () => {
  it('is told to whoever writes on, and to flush', async () => {
    const path = join(folder, 'refused')
    await (await open(path, 'wx')).close()
    const handle = await open(path, 'r')
    const writer = new FileWriter(handle, path, 0, -1)
    const bytes = Buffer.alloc(2 * downloadBuffer)
    await expect(give(writer, bytes, Infinity).then(() => writer.flush())).rejects.toMatchObject({
      code: 'ERR_FILE',
      path,
    })
    await expect(writer.flush()).rejects.toMatchObject({ code: 'ERR_FILE' })
    await handle.close()
  })
})
