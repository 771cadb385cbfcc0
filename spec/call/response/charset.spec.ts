import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { charsetOf, decodeText } from '../../../lib/call/response/charset.ts'

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const html = 'text/html'

describe('charsetOf: the byte order mark', () => {
  const cases: readonly [bytes: number[], charset: string][] = [
    [[0xef, 0xbb, 0xbf], 'utf-8'],
    [[0xfe, 0xff], 'utf-16be'],
    [[0xff, 0xfe], 'utf-16le'],
    [[0xef, 0xbb], 'gbk'],
    [[0xff], 'gbk'],
    [[], 'gbk'],
  ]
  it.each(cases)('%j with a Content-Type of gbk is %s', (bytes, charset) => {
    expect(charsetOf('text/html; charset=gbk', new Uint8Array(bytes))).toBe(charset)
  })
})

describe('charsetOf: the Content-Type', () => {
  const cases: readonly [contentType: string | null, charset: string][] = [
    ['text/plain; charset=gbk', 'gbk'],
    ['text/plain;charset=GBK', 'gbk'],
    ['TEXT/PLAIN;CHARSET=gb2312', 'gbk'],
    ['text/plain; charset="gbk"', 'gbk'],
    ['text/plain; charset="g\\bk"', 'gbk'],
    ['text/plain; charset="gbk', 'gbk'],
    ['text/plain; charset= gbk ', 'gbk'],
    ['text/plain ; a=b;; charset=gbk', 'gbk'],
    ['text/plain; title="; charset=big5"; charset=gbk', 'gbk'],
    ['text/plain; charset=gbk; charset=big5', 'gbk'],
    ['text/plain; charset=; charset=gbk', 'gbk'],
    ['text/plain; charset=iso-8859-1', 'windows-1252'],
    ['text/plain; charset=latin1', 'windows-1252'],
    ['text/plain; charset=us-ascii', 'windows-1252'],
    ['text/plain; charset=shift-jis', 'shift_jis'],
    ['text/plain; charset=utf8', 'utf-8'],
    ['text/plain; charset=klingon', 'utf-8'],
    ['text/plain; charset=iso-2022-kr', 'utf-8'],
    ['text/plain; xcharset=gbk', 'utf-8'],
    ['text/plain charset=gbk', 'utf-8'],
    ['charset=gbk', 'utf-8'],
    ['application/json; charset=gbk', 'gbk'],
    ['application/json', 'utf-8'],
    ['text/html; charset=gbk, text/html', 'gbk'],
    ['text/html; charset=gbk, text/html; charset=big5', 'big5'],
    ['text/html; charset=gbk, text/plain', 'utf-8'],
    ['text/html; charset=gbk, */*', 'gbk'],
    ['text/html; a="b,c"; charset=gbk', 'gbk'],
    ['', 'utf-8'],
    [null, 'utf-8'],
  ]
  it.each(cases)('%s is %s', (contentType, charset) => {
    expect(charsetOf(contentType, latin1('{}'))).toBe(charset)
  })

  it('wins over the document, unless nobody knows it', () => {
    const document = latin1('<meta charset=big5>')
    expect(charsetOf('text/html; charset=gbk', document)).toBe('gbk')
    expect(charsetOf('text/html; charset=klingon', document)).toBe('big5')
  })
})

/** By the HTML standard's prescan; windows-1251 and gbk are the charsets found, utf-8 is none. */
const documents: readonly [what: string, document: string, charset: string][] = [
  ['charset', '<meta charset=gbk>', 'gbk'],
  ['in capitals', '<META CHARSET="GBK">', 'gbk'],
  ['in quotes', "<meta charset='gbk'>", 'gbk'],
  ['with blanks', '<meta \n charset \t = \f "gbk" / >', 'gbk'],
  ['with a slash as blank', '<meta/charset=gbk>', 'gbk'],
  ['after other elements', '<!DOCTYPE html><html lang="de"><head><title>x</title><meta charset=gbk>', 'gbk'],
  ['with blanks around the label', '<meta charset=" gbk ">', 'gbk'],
  ['another name', '<meta name=charset content=gbk>', 'utf-8'],
  ['another element', '<metal charset=gbk>', 'utf-8'],
  ['an end tag', '</meta charset=gbk>', 'utf-8'],
  ['in a comment', '<!-- <meta charset=gbk> --><meta charset=windows-1251>', 'windows-1251'],
  ['behind the shortest comment', '<!--><meta charset=gbk>-->', 'gbk'],
  ['behind a comment of three dashes', '<!---><meta charset=gbk>', 'gbk'],
  ['in a comment that does not end', '<!-- <meta charset=gbk>', 'utf-8'],
  ['in an attribute', '<p title="<meta charset=gbk>"><meta charset=windows-1251>', 'windows-1251'],
  ['in an attribute without quotes', '<p title=<meta charset=gbk>', 'utf-8'],
  ['in an instruction', '<? x <meta charset=gbk> ?>', 'utf-8'],
  ['behind a wrong end tag', '</ ><meta charset=gbk>', 'gbk'],
  ['behind < that is no tag', 'a < b <1 <meta charset=gbk>', 'gbk'],
  ['twice', '<meta charset=gbk charset=big5>', 'gbk'],
  ['unknown, then known', '<meta charset=klingon><meta charset=gbk>', 'gbk'],
  ['utf-16, which it cannot be', '<meta charset=utf-16le><meta charset=gbk>', 'utf-8'],
  ['x-user-defined', '<meta charset=x-user-defined>', 'windows-1252'],
  ['http-equiv', '<meta http-equiv="Content-Type" content="text/html; charset=gbk">', 'gbk'],
  ['http-equiv behind content', '<meta content="text/html; charset=gbk" http-equiv=content-type>', 'gbk'],
  ['http-equiv without quotes', '<meta http-equiv=content-type content=text/html;charset=gbk>', 'gbk'],
  ['quotes in content', `<meta http-equiv=content-type content="text/html; charset='gbk'">`, 'gbk'],
  ['a quote in content that does not end', `<meta http-equiv=content-type content="charset='gbk">`, 'utf-8'],
  ['charset twice in content', '<meta http-equiv=content-type content="charset charset = gbk">', 'gbk'],
  ['content without http-equiv', '<meta content="text/html; charset=gbk">', 'utf-8'],
  ['another http-equiv', '<meta http-equiv=refresh content="1; charset=gbk">', 'utf-8'],
  ['content, and charset', '<meta content="charset=gbk" charset=windows-1251>', 'windows-1251'],
  ['charset, and content', '<meta charset=windows-1251 content="charset=gbk">', 'windows-1251'],
  [
    'an empty charset, and content',
    '<meta charset="" http-equiv=content-type content="charset=gbk">',
    'utf-8',
  ],
  [
    'an unknown charset, and content',
    '<meta charset=x http-equiv=content-type content="charset=gbk">',
    'utf-8',
  ],
  ['no value', '<meta charset><meta charset=gbk>', 'gbk'],
  ['an empty value', '<meta charset=""><meta charset=gbk>', 'gbk'],
  ['an = as name', '<meta =charset charset=gbk>', 'gbk'],
  ['cut off', '<meta charset=gbk', 'utf-8'],
  ['cut off in quotes', '<meta charset="gbk', 'utf-8'],
  ['beyond 1024 bytes', `${' '.repeat(1010)}<meta charset=gbk>`, 'utf-8'],
  ['within 1024 bytes', `${' '.repeat(1006)}<meta charset=gbk>`, 'gbk'],
  ['an XML declaration', '<?xml version="1.0" encoding="gbk"?><html>', 'gbk'],
  ['none', 'hello', 'utf-8'],
]

describe('charsetOf: the document', () => {
  it.each(documents)('%s: %s', (_what, document, charset) => {
    expect(charsetOf(html, latin1(document))).toBe(charset)
  })

  const kinds: readonly [contentType: string | null, document: string, charset: string][] = [
    [null, '<meta charset=gbk>', 'gbk'],
    ['html', '<meta charset=gbk>', 'gbk'],
    ['text/html', '<?xml encoding="big5"?><meta charset=gbk>', 'gbk'],
    [null, '<?xml encoding="big5"?><meta charset=gbk>', 'big5'],
    ['text/xml', '<?xml encoding="big5"?><meta charset=gbk>', 'big5'],
    ['application/xml', '<?xml version="1.0"?><meta charset=gbk>', 'utf-8'],
    ['application/xhtml+xml', '<html><meta charset=gbk>', 'utf-8'],
    [
      'application/rss+xml',
      "<?xml version='1.0' encoding = 'Windows-1251' standalone='yes'?>",
      'windows-1251',
    ],
    ['text/xml', ' <?xml encoding="gbk"?>', 'utf-8'],
    ['text/xml', '<?xml encoding="klingon"?>', 'utf-8'],
    ['text/xml', '<?xml encoding="g bk"?>', 'utf-8'],
    ['text/xml', '<?xml encoding=gbk?>', 'utf-8'],
    ['text/xml', '<?xml encoding="utf-16"?>', 'utf-8'],
    ['text/xml', '<?xml?><a encoding="gbk">', 'utf-8'],
    ['text/xml', '<?xml encoding="gbk"', 'utf-8'],
    ['text/xml', '<\0?\0x\0m\0l\0', 'utf-16le'],
    ['text/xml', '\0<\0?\0x\0m\0l', 'utf-16be'],
    ['text/plain', '<meta charset=gbk>', 'utf-8'],
    ['application/json', '<meta charset=gbk>', 'utf-8'],
    ['text/css', '<?xml encoding="gbk"?>', 'utf-8'],
  ]
  it.each(kinds)('as %s, %s is %s', (contentType, document, charset) => {
    expect(charsetOf(contentType, latin1(document))).toBe(charset)
  })
})

describe('decodeText', () => {
  const cases: readonly [what: string, bytes: number[], contentType: string | null, text: string][] = [
    ['UTF-8', [0x68, 0xc3, 0xa4], 'text/plain', 'hä'],
    ['UTF-8 with a mark', [0xef, 0xbb, 0xbf, 0x68], 'text/plain', 'h'],
    ['UTF-8 with a mark, called Latin-1', [0xef, 0xbb, 0xbf, 0xc3, 0xa4], 'text/plain; charset=latin1', 'ä'],
    ['bad UTF-8', [0x68, 0xff], 'text/plain', 'h\ufffd'],
    ['UTF-16 with a mark', [0xff, 0xfe, 0x68, 0], 'text/plain', 'h'],
    ['UTF-16BE with a mark', [0xfe, 0xff, 0, 0x68], null, 'h'],
    ['UTF-16 cut off', [0xff, 0xfe, 0x68, 0, 0x69], null, 'h\ufffd'],
    ['windows-1252', [0x93, 0x80, 0x94, 0xe4, 0x81], 'text/plain; charset=iso-8859-1', '“€”ä\u0081'],
    ['windows-1251', [0xcf, 0xf0], 'text/plain; charset=windows-1251', 'Пр'],
    ['gbk', [0xc4, 0xe3], 'text/plain; charset=gb2312', '你'],
    ['shift_jis', [0x82, 0xa0], 'text/plain; charset=sjis', 'あ'],
    ['bad gbk', [0xff, 0x41], 'text/plain; charset=gbk', '\ufffdA'],
    ['nothing', [], 'text/html; charset=gbk', ''],
  ]
  it.each(cases)('%s', (_what, bytes, contentType, text) => {
    expect(decodeText(new Uint8Array(bytes), contentType)).toBe(text)
    // A body may be a part of a larger buffer.
    const inside = Buffer.from([0x41, ...bytes, 0x42]).subarray(1, bytes.length + 1)
    expect(decodeText(inside, contentType)).toBe(text)
  })

  it('has all of windows-1252', () => {
    const all = new Uint8Array(256).map((_, i) => i)
    const text = decodeText(all, 'text/plain; charset=windows-1252')
    const changed = Array.from(text, (c, i) => [i, c.codePointAt(0)] as const).filter(
      ([i, code]) => i !== code,
    )
    expect(text.length).toBe(256)
    expect(changed.length).toBe(27)
    expect(changed.map(([, code]) => String.fromCodePoint(code!)).join('')).toBe(
      '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ',
    )
  })

  it('leaves nothing over for the next text when one is cut off', () => {
    const gbk = 'text/plain; charset=gbk'
    expect(decodeText(new Uint8Array([0xc4]), gbk)).toBe('\ufffd')
    expect(decodeText(new Uint8Array([0xc4, 0xe3]), gbk)).toBe('你')
  })

  const parts = fc.constantFrom(
    '<meta ',
    'charset',
    '=',
    '"',
    "'",
    'gbk',
    '>',
    '<!--',
    '-->',
    '<?xml ',
    'encoding',
    'content',
    ';',
    ',',
    ' ',
    'http-equiv=content-type',
    'text/html',
    '\\',
    '/',
    '\u00ef\u00bb\u00bf',
    '\u00ff\u00fe',
    '\0',
  )
  const rubbish = fc
    .array(fc.oneof(parts, fc.string({ unit: 'binary-ascii' })), { maxLength: 20 })
    .map((list) => list.join(''))

  it('takes any bytes with any Content-Type', () => {
    fc.assert(
      fc.property(rubbish, fc.uint8Array(), fc.option(rubbish), (start, rest, contentType) => {
        const bytes = Buffer.concat([latin1(start), rest])
        expect(typeof decodeText(bytes, contentType)).toBe('string')
      }),
      { numRuns: 1000 },
    )
  })

  it('believes a byte order mark whatever else is said', () => {
    const marks: [number[], string][] = [
      [[0xef, 0xbb, 0xbf], 'utf-8'],
      [[0xfe, 0xff], 'utf-16be'],
      [[0xff, 0xfe], 'utf-16le'],
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...marks),
        rubbish,
        fc.option(rubbish),
        ([mark, charset], rest, contentType) => {
          expect(charsetOf(contentType, Buffer.concat([new Uint8Array(mark), latin1(rest)]))).toBe(charset)
        },
      ),
    )
  })

  it('gives UTF-8 as Buffer does', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (rest) => {
        const bytes = Buffer.concat([latin1('{'), rest])
        expect(decodeText(bytes, 'application/json')).toBe(bytes.toString('utf8'))
      }),
    )
  })
})
