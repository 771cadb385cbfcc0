import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { Client, type ClientOptions } from '../../lib/index.ts'
import { Apache, apacheProgram, basicLine, digestLine } from './apache.ts'
import { describeWith } from './describe-with.ts'

const login = { username: 'mole', password: 'Circle of Life' }
const umlauts = { username: 'Mäulwurf "x"', password: 'Straße \\ €' }
const realm = 'the garden'

function site(folder: string): string {
  for (const name of ['basic', 'digest', 'domain']) {
    mkdirSync(join(folder, 'site', name), { recursive: true })
    for (const file of ['a', 'b']) writeFileSync(join(folder, 'site', name, file), `${name} ${file}`)
  }
  mkdirSync(join(folder, 'site/domain/in'), { recursive: true })
  writeFileSync(join(folder, 'site/domain/in/a'), 'domain in')
  writeFileSync(join(folder, 'site/open'), 'open')
  writeFileSync(join(folder, 'basic.users'), [login, umlauts].map(basicLine).join('\n') + '\n')
  const lines = [login, umlauts].map((one) => digestLine(one, realm))
  writeFileSync(join(folder, 'digest.users'), lines.join('\n') + '\n')
  const digest = (more: string): string => `
    AuthType Digest
    AuthName ${JSON.stringify(realm)}
    AuthDigestProvider file
    AuthUserFile ${folder}/digest.users
    ${more}
    Require valid-user
    `
  return `
    <Location /basic>
      AuthType Basic
      AuthName basic
      AuthUserFile ${folder}/basic.users
      Require valid-user
    </Location>
    <Location /digest>${digest('')}</Location>
    <Location /domain>${digest('AuthDigestDomain /domain/in/')}</Location>
  `
}

describeWith([apacheProgram], 'authentication, to a real Apache', () => {
  let apache: Apache
  beforeAll(async () => {
    apache = await Apache.start(site)
  })
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- where it did not start
  afterAll(() => apache?.stop())
  beforeEach(async () => {
    await apache.logged(0)
  })

  const make = (auth: NonNullable<ClientOptions['auth']>): Client =>
    new Client({ auth: { ...auth, origins: [apache.origin] } })
  const statuses = async (count: number): Promise<number[]> =>
    (await apache.logged(count)).map((entry) => entry.status)

  it('basic', async () => {
    for (const one of [login, umlauts]) {
      await using client = make({ basic: one })
      expect((await client.get(`${apache.origin}/basic/a`)).text()).toBe('basic a')
    }
    await using wrong = make({ basic: { ...login, password: 'wrong' } })
    expect((await wrong.get(`${apache.origin}/basic/a`)).status).toBe(401)
    expect(await statuses(3)).toEqual([200, 200, 401])
  })

  it('digest: is asked once, then counts', async () => {
    await using client = make({ digest: login })
    for (let i = 0; i < 5; i++) {
      const response = await client.get(`${apache.origin}/digest/${i % 2 ? 'a' : 'b'}?i=${i}&q=%22x%22`)
      expect(response.status).toBe(200)
    }
    expect(await statuses(6)).toEqual([401, 200, 200, 200, 200, 200])
  })

  it('digest: names that need quotes and more than ASCII', async () => {
    await using client = make({ digest: umlauts })
    expect((await client.get(`${apache.origin}/digest/a`)).text()).toBe('digest a')
  })

  it('digest: a wrong password is tried once a call', async () => {
    await using client = make({ digest: { ...login, password: 'wrong' } })
    expect((await client.get(`${apache.origin}/digest/a`)).status).toBe(401)
    expect((await client.get(`${apache.origin}/digest/a`)).status).toBe(401)
    expect(await statuses(4)).toEqual([401, 401, 401, 401])
  })

  it('digest: many at once', async () => {
    await using client = make({ digest: login })
    const all = Array.from({ length: 60 }, (_, i) => client.get(`${apache.origin}/digest/a?${i}`))
    const responses = await Promise.all(all)
    expect(new Set(responses.map((response) => response.text()))).toEqual(new Set(['digest a']))
  })

  it('digest: HEAD, and a body that is sent again', async () => {
    await using client = make({ digest: login })
    expect((await client.head(`${apache.origin}/digest/a`)).status).toBe(200)
    await using other = make({ digest: login })
    const response = await other.post(`${apache.origin}/digest/a`, { body: 'x'.repeat(100_000) })
    expect(response.status).toBe(200)
    const entries = await apache.logged(4)
    expect(entries.map(({ method, status, user }) => [method, status, user])).toEqual([
      ['HEAD', 401, '-'],
      ['HEAD', 200, 'mole'],
      ['POST', 401, '-'],
      ['POST', 200, 'mole'],
    ])
  })

  it('digest: a nonce that is void, because the server was started again', async () => {
    await using client = make({ digest: login })
    expect((await client.get(`${apache.origin}/digest/a`)).status).toBe(200)
    await apache.restart()
    expect((await client.get(`${apache.origin}/digest/a`)).status).toBe(200)
    expect(await statuses(4)).toEqual([401, 200, 401, 200])
  })

  it('digest: goes only where the domain says', async () => {
    await using client = make({ digest: login })
    expect((await client.get(`${apache.origin}/domain/in/a`)).text()).toBe('domain in')
    expect((await client.get(`${apache.origin}/open`)).text()).toBe('open')
    expect((await client.get(`${apache.origin}/domain/in/a`)).status).toBe(200)
    const entries = await apache.logged(4)
    expect(entries.map(({ path, status, user }) => [path, status, user])).toEqual([
      ['/domain/in/a', 401, '-'],
      ['/domain/in/a', 200, 'mole'],
      ['/open', 200, '-'],
      ['/domain/in/a', 200, 'mole'],
    ])
  })

  it('digest: not to other origins', async () => {
    const other = await Apache.start(site)
    try {
      await using client = make({ digest: login })
      expect((await client.get(`${apache.origin}/digest/a`)).status).toBe(200)
      expect((await client.get(`${other.origin}/digest/a`)).status).toBe(401)
      expect((await other.logged(1)).map(({ status, user }) => [status, user])).toEqual([[401, '-']])
    } finally {
      await other.stop()
    }
  })
})
