import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ArgumentError } from '../../lib/core/errors.ts'
import { CookieJars } from '../../lib/cookies/jars.ts'
import { writeCookieFile } from '../../lib/cookies/cookie-file.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { answered, sent, StillClock } from './cookie-stage.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trawl-cookies-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

function jars(options: ConstructorParameters<typeof CookieJars>[0] = {}): CookieJars {
  return new CookieJars({ clock: new StillClock(), ...options })
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ArgumentError)
  return (error as Error).message
}

function messageOf(run: () => unknown): string {
  let error: unknown
  try {
    run()
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(ArgumentError)
  return (error as Error).message
}

describe('the jars of a client', () => {
  it('are made when asked for, one for each name', () => {
    const all = jars()
    const a = all.jar('10.0.0.1')
    expect(all.jar('10.0.0.1')).toBe(a)
    answered(a, 'http://a.test/', 'id=1')
    expect(sent(all.jar('10.0.0.2'), 'http://a.test/')).toBe('')
    expect(sent(all.jar(''), 'http://a.test/')).toBe('')
    expect(all.names).toEqual(['10.0.0.1', '10.0.0.2', ''])
    expect(all.delete('10.0.0.1')).toBe(true)
    expect(sent(all.jar('10.0.0.1'), 'http://a.test/')).toBe('')
  })

  it('are bounded: the one not used for longest goes', () => {
    const all = jars({ maxJars: 3 })
    for (const name of ['a', 'b', 'c']) answered(all.jar(name), 'http://a.test/', `id=${name}`)
    all.jar('a')
    all.jar('d')
    expect(all.size).toBe(3)
    expect(all.names).toEqual(['c', 'a', 'd'])
    expect(sent(all.jar('a'), 'http://a.test/')).toBe('id=a')
    expect(sent(all.jar('b'), 'http://a.test/')).toBe('')
  })

  it('take the default limits and refuse wrong ones', () => {
    const all = jars()
    for (let n = 0; n < LIMITS.maxJars + 5; n++) all.jar(`s${n}`)
    expect(all.size).toBe(LIMITS.maxJars)
    expect(() => jars({ maxJars: 0 })).toThrow(/maxJars is 0/)
    expect(() => jars({ maxCookies: -1 })).toThrow(/maxCookies is -1/)
  })

  it('go to JSON and back, whatever their names', () => {
    const all = jars()
    for (const name of ['', '10.0.0.1', '__proto__']) {
      answered(
        all.jar(name),
        'https://www.a.test/x',
        `id=${name}`,
        'd=\u00E9; Domain=a.test; Secure; SameSite=Lax; Partitioned',
      )
    }
    all.jar('empty')
    const again = jars()
    expect(again.fromJSON(JSON.parse(JSON.stringify(all)))).toBe(6)
    expect(again.names).toEqual(['', '10.0.0.1', '__proto__'])
    expect(again.toJSON()).toEqual(all.toJSON())
    const again1 = jars().jar('x')
    expect(again1.fromJSON(all.jar('').toJSON())).toBe(2)
    expect(again1.toJSON()).toEqual(all.jar('').toJSON())
  })

  const cookie = {
    name: 'a',
    value: 'secret',
    domain: 'a.test',
    hostOnly: true,
    path: '/',
    secure: false,
    httpOnly: false,
    sameSite: null,
    partitioned: false,
    expires: null,
    created: 0,
  }
  const jar = (one: unknown): unknown => ({
    format: 'trawl-cookies',
    version: 1,
    jars: [{ name: '', cookies: [cookie, one] }],
  })
  const WRONG: [value: unknown, why: RegExp][] = [
    [null, /trawl-cookies/],
    [[], /trawl-cookies/],
    [{ format: 'trawl-cookies', version: 2, jars: [] }, /version 2, and 1/],
    [{ format: 'trawl-cookies', version: 1, jars: [{ cookies: [] }] }, /jars\[0\] is no jar/],
    [jar(null), /jars\[0\]\.cookies\[1\] is no cookie/],
    [jar({ ...cookie, value: undefined }), /jars\[0\]\.cookies\[1\]\.value/],
    [jar({ ...cookie, expires: 'secret' }), /cookies\[1\]\.expires/],
    [jar({ ...cookie, created: Number.NaN }), /cookies\[1\]\.created/],
    [jar({ ...cookie, sameSite: 'secret' }), /cookies\[1\]\.sameSite/],
    [jar({ ...cookie, value: 'secret\n' }), /control character/],
    [jar({ ...cookie, domain: 'A.test' }), /domain/],
    [jar(Object.create(cookie) as object), /cookies\[1\]\.name/],
  ]
  it.each(WRONG)('refuses %j, names the place, and adds nothing', (value, why) => {
    const all = jars()
    const message = messageOf(() => all.fromJSON(value))
    expect(message).toMatch(why)
    expect(message).not.toContain('secret')
    expect(all.toJSON().jars).toEqual([])
  })
})

describe('files', () => {
  it('hold one jar as cookies.txt, and all jars as JSON; which, they say themselves', async () => {
    const all = jars()
    answered(all.jar('one'), 'http://a.test/', 'id=caf\u00C3\u00A9; HttpOnly')
    await all.save(join(folder, 'cookies.txt'))
    answered(all.jar('two'), 'http://a.test/', 'id=2')
    await all.save(join(folder, 'cookies.json'))
    await all.save(join(folder, 'two'), 'netscape', 'two')
    await all.save(join(folder, 'all'), 'json')
    expect(await readFile(join(folder, 'cookies.txt'), 'utf8')).toContain('\tid\tcaf\u00E9\n')

    const txt = jars()
    expect(await txt.load(join(folder, 'cookies.txt'), 'x')).toBe(1)
    expect(txt.names).toEqual(['x'])
    expect(sent(txt.jar('x'), 'http://a.test/')).toBe('id=caf\u00C3\u00A9')
    for (const file of ['cookies.json', 'all']) {
      const json = jars()
      expect(await json.load(join(folder, file))).toBe(2)
      expect(json.toJSON()).toEqual(all.toJSON())
    }
    expect(await txt.load(join(folder, 'two'))).toBe(1)
    expect(sent(txt.jar(''), 'http://a.test/')).toBe('id=2')
  })

  it('may be empty', async () => {
    await jars().save(join(folder, 'none.txt'))
    await jars().save(join(folder, 'none.json'))
    expect(await jars().load(join(folder, 'none.txt'))).toBe(0)
    expect(await jars().load(join(folder, 'none.json'))).toBe(0)
  })

  it('are for their owner alone, and replace what a link points to', async () => {
    const path = join(folder, 'cookies.txt')
    await writeFile(path, 'old')
    await chmod(path, 0o644)
    await symlink(path, join(folder, 'link.txt'))
    await jars().save(join(folder, 'link.txt'))
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readFile(path, 'utf8')).toBe('# Netscape HTTP Cookie File\n\n')
    expect((await readdir(folder)).toSorted()).toEqual(['cookies.txt', 'link.txt'])
  })

  it('are left alone when the new one cannot be written, and nothing half-written stays', async () => {
    const all = jars()
    for (const name of ['a', 'b']) answered(all.jar(name), 'http://a.test/', 'id=secret')
    const path = join(folder, 'cookies.txt')
    await writeFile(path, 'old')
    expect(await refusal(all.save(path))).toMatch(/2 jars have cookies/)
    expect(await refusal(all.save(path, 'netscape', 'c'))).toMatch(/no jar "c"/)
    expect(await refusal(all.save(path, 'xml' as 'json'))).toMatch(/"xml"/)
    expect(await readFile(path, 'utf8')).toBe('old')
    await mkdir(join(folder, 'folder', 'full'), { recursive: true })
    expect(await refusal(all.save(join(folder, 'folder'), 'json'))).toMatch(/cannot write the cookies/)
    expect(await refusal(all.save(join(folder, 'none', 'x'), 'json'))).toMatch(/ENOENT/)
    expect((await readdir(folder)).toSorted()).toEqual(['cookies.txt', 'folder'])
    expect(await readdir(join(folder, 'folder'))).toEqual(['full'])
  })

  it('are written in turn, each whole, and a writer that fails stops none', async () => {
    const path = join(folder, 'cookies.txt')
    const order: number[] = []
    let underWay = 0
    const seen: string[] = []
    const writes = Array.from({ length: 12 }, async (_, n) => {
      await writeCookieFile(path, () => {
        order.push(n)
        underWay++
        if (n === 5) throw new Error('of the content')
        return `${n}\n`.repeat(20_000)
      })
      seen.push((await readFile(path, 'latin1')).slice(0, 2))
    })
    const results = await Promise.allSettled(writes)
    expect(results.map((one) => one.status).filter((one) => one === 'rejected')).toHaveLength(1)
    expect(order).toEqual(Array.from({ length: 12 }, (_, n) => n))
    expect(underWay).toBe(12)
    expect(seen).toHaveLength(11)
    expect(await readFile(path, 'latin1')).toBe('11\n'.repeat(20_000))
    expect(await readdir(folder)).toEqual(['cookies.txt'])
  })

  it('that crashed writers left behind are in nobody\u2019s way', async () => {
    const all = jars()
    const left = Array.from({ length: 90 }, (_, n) => `.cookies.txt.${process.pid}-${n}.part`)
    for (const name of left) await writeFile(join(folder, name), 'old')
    await all.save(join(folder, 'cookies.txt'))
    expect(await all.load(join(folder, 'cookies.txt'))).toBe(0)
    expect(await readdir(folder)).toHaveLength(91)
  })

  const WRONG: [content: string | Buffer, why: RegExp][] = [
    ['{"format": "trawl-cookies",\n "secret', /line 2 column|it begins like JSON/],
    ['{"format": "other", "secret": 1}', /trawl-cookies/],
    ['[{"domain": "a.test", "secret": 1}]', /trawl-cookies/],
    ['<html>secret</html>', /line 1: it has 1 field/],
    [Buffer.alloc(LIMITS.maxCookieFile + 1, 35), /maxCookieFile/],
  ]
  it.each(WRONG)('that are none are refused: %#', async (content, why) => {
    const path = join(folder, 'file')
    await writeFile(path, content)
    const message = await refusal(jars().load(path))
    expect(message).toMatch(why)
    expect(message).toContain(path)
    expect(message).not.toContain('secret')
  })

  it('without an end are not read to it', async () => {
    expect(await refusal(jars().load('/dev/zero'))).toMatch(/maxCookieFile/)
  })

  it('that are not there are named', async () => {
    expect(await refusal(jars().load(join(folder, 'none.txt')))).toMatch(/none\.txt.*ENOENT/)
  })
})
