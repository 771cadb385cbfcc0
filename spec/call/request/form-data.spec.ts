import { describe, expect, it } from 'vitest'
import { requestBody } from '../../../lib/call/request/body.ts'
import { multipart } from '../../../lib/call/request/form-data.ts'
import { RequestBodyError } from '../../../lib/core/errors.ts'

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of body) parts.push(chunk)
  return Buffer.concat(parts)
}

async function sent(form: FormData): Promise<{ text: string; boundary: string; length: number }> {
  const { body, contentType } = requestBody(form, -1)
  const bytes = await collect(body.open())
  expect(bytes).toHaveLength(body.length)
  const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(contentType)![1]!
  return { text: bytes.toString(), boundary, length: body.length }
}

describe('a form as multipart/form-data', () => {
  it('is laid out part by part', async () => {
    const form = new FormData()
    form.append('name', 'Ünal')
    form.append('file', new File(['a,b\n'], 'data.csv', { type: 'text/csv' }))
    form.append('plain', new Blob(['xyz']))
    const { text, boundary } = await sent(form)
    expect(text).toBe(
      `--${boundary}\r\nContent-Disposition: form-data; name="name"\r\n\r\nÜnal\r\n` +
        `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="data.csv"\r\n` +
        'Content-Type: text/csv\r\n\r\na,b\n\r\n' +
        `--${boundary}\r\nContent-Disposition: form-data; name="plain"; filename="blob"\r\n` +
        'Content-Type: application/octet-stream\r\n\r\nxyz\r\n' +
        `--${boundary}--\r\n`,
    )
  })

  it('escapes names and file names, and writes line ends as CR LF', async () => {
    const form = new FormData()
    form.append('a"b\nc\rd\r\ne', 'one\ntwo\rthree\r\nfour')
    form.append('f', new File(['x'], 'q"\r\n.txt'))
    const { text } = await sent(form)
    expect(text).toContain('name="a%22b%0D%0Ac%0D%0Ad%0D%0Ae"\r\n\r\none\r\ntwo\r\nthree\r\nfour\r\n')
    expect(text).toContain('filename="q%22%0D%0A.txt"\r\n')
  })

  it('is read back by a parser that is not ours', async () => {
    const form = new FormData()
    form.append('q', 'a\r\nb')
    form.append('q', 'second')
    form.append('quote"', '')
    form.append(
      'file',
      new File([new Uint8Array([0, 255, 13, 10, 45, 45])], 'ü "x".bin', { type: 'image/png' }),
    )
    const { body, contentType } = requestBody(form, -1)
    const bytes = new Uint8Array(await collect(body.open()))
    const back = await new Response(bytes, { headers: { 'content-type': contentType } }).formData()
    expect(back.getAll('q')).toEqual(['a\r\nb', 'second'])
    expect(back.get('quote"')).toBe('')
    const file = back.get('file') as File
    expect([file.name, file.type]).toEqual(['ü "x".bin', 'image/png'])
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(new Uint8Array([0, 255, 13, 10, 45, 45]))
  })

  it('is bytes when it holds texts only', async () => {
    const form = new FormData()
    form.append('a', '1')
    const { body } = requestBody(form, -1)
    expect(body.bytes).toHaveLength(body.length)
    expect((await sent(new FormData())).text).toMatch(/^------trawl-[0-9a-f]{32}--\r\n$/)
  })

  it('is what it was when the call began, and can be sent again', async () => {
    const form = new FormData()
    form.append('file', new Blob(['0123456789'.repeat(50_000)]))
    const { body } = requestBody(form, -1)
    form.append('late', 'x')
    expect(body).toMatchObject({ bytes: null, replayable: true })
    const [first, second] = [await collect(body.open()), await collect(body.open())]
    expect(first.equals(second)).toBe(true)
    expect(first).toHaveLength(body.length)
    expect(first.includes('late')).toBe(false)
  })

  it('has a boundary of its own each time', () => {
    const boundaries = new Set(Array.from({ length: 100 }, () => multipart(new FormData()).boundary))
    expect(boundaries.size).toBe(100)
    for (const boundary of boundaries) expect(boundary.length).toBeLessThanOrEqual(70)
  })

  it('fails when a file has become shorter than it was', async () => {
    // A form of Node's own copies its files; one that only looks like it, as other packages make them, does not.
    const file = new File(['abc'], 'f')
    Object.defineProperty(file, 'size', { value: 8 })
    const form = { [Symbol.toStringTag]: 'FormData', [Symbol.iterator]: () => [['f', file]].values() }
    const { body } = requestBody(form as unknown as FormData, -1)
    await expect(collect(body.open())).rejects.toThrow(RequestBodyError)
    await expect(collect(body.open())).rejects.toThrow(/shorter than announced/)
  })
})
