import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBody } from '../../../domain/content/decode.ts'
import type { Json } from '../../../domain/json.ts'

const limits = { maxBody: 1024 * 1024, maxDepth: 64, maxValues: 100_000 }

async function decoded(raw: Buffer | string, type?: string, encoding?: string): Promise<Json> {
  const answer = await decodeBody(Buffer.from(raw), { 'content-type': type, 'content-encoding': encoding }, limits)
  if (!answer.ok) throw new Error(`${answer.reason}: ${answer.message}`)
  return answer.body
}
const refused = async (raw: Buffer | string, type?: string, encoding?: string): Promise<string> => {
  const answer = await decodeBody(Buffer.from(raw), { 'content-type': type, 'content-encoding': encoding }, limits)
  return answer.ok ? `accepted: ${JSON.stringify(answer.body)}` : answer.reason
}
const nested = (depth: number): string => '['.repeat(depth) + '1' + ']'.repeat(depth)

describe('JSON bodies (webhooks.md 3)', () => {
  it('are what they were written from', () =>
    fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async value => {
        const text = JSON.stringify(value)
        expect(JSON.stringify(await decoded(text, 'Application/JSON; charset=UTF-8'))).toBe(JSON.stringify(JSON.parse(text)))
      }),
    ))
  it('are recognised by +json, are null where empty, and keep the last of two equal names', async () => {
    expect(await decoded('{"a":1,"a":2}', 'application/vnd.shop+json')).toEqual({ a: 2 })
    expect(await decoded('', 'application/json')).toBeNull()
  })
  it('keep __proto__ as a name like any other', async () => {
    const body = await decoded('{"__proto__":{"a":1}}', 'application/json')
    expect(JSON.stringify(body)).toBe('{"__proto__":{"a":1}}')
    expect(Object.getPrototypeOf(body)).toBe(Object.prototype)
  })
  it('may be 64 deep and no deeper', async () => {
    await expect(decoded(nested(64), 'application/json')).resolves.toBeDefined()
    expect(await refused(nested(65), 'application/json')).toBe('unparsable')
    expect(await refused('['.repeat(1_000_000), 'application/json')).toBe('unparsable')
  })
  it('may have 100,000 values and no more', async () => {
    const list = (length: number): string => JSON.stringify(Array.from({ length }, () => 1))
    await expect(decoded(list(100_000), 'application/json')).resolves.toHaveLength(100_000)
    await expect(decoded(`{"list":${list(100_000)}}`, 'application/json')).resolves.toBeDefined()
    expect(await refused(list(100_001), 'application/json')).toBe('unparsable')
    expect(await refused(`[${'[],'.repeat(100_000)}{}]`, 'application/json')).toBe('unparsable')
  })
  it('that do not parse are refused, and handed on as text', async () => {
    expect(await decodeBody(Buffer.from('{"a":'), { 'content-type': 'application/json' }, limits)).toMatchObject({
      ok: false,
      reason: 'unparsable',
      text: '{"a":',
    })
  })
})

describe('character sets (webhooks.md 3)', () => {
  it('UTF-8, UTF-16 and ISO-8859-1 and others are honoured, with or without a byte order mark', async () => {
    const utf16le = Buffer.from('{"a":"é€"}', 'utf16le')
    const utf16be = Buffer.from(utf16le).swap16()
    const cases: [Buffer, string][] = [
      [Buffer.from('{"a":"é€"}'), 'application/json'],
      [Buffer.from('\ufeff{"a":"é€"}'), 'application/json'],
      [utf16le, 'application/json; charset=utf-16le'],
      [utf16be, 'application/json; charset="UTF-16BE"'],
      [utf16le, 'application/json; charset=utf-16'],
      [utf16be, 'application/json; charset=utf-16'],
      [Buffer.concat([Buffer.from([0xff, 0xfe]), utf16le]), 'application/json; charset=utf-16'],
      [Buffer.concat([Buffer.from([0xfe, 0xff]), utf16be]), 'application/json; charset=utf-16'],
      [Buffer.concat([Buffer.from([0xfe, 0xff]), utf16be]), 'application/json'],
      [Buffer.from('{"a":"\u00e9\u0080"}', 'latin1'), 'application/json; charset=windows-1252'],
    ]
    for (const [raw, type] of cases) expect(await decoded(raw, type), type).toEqual({ a: 'é€' })
    expect(await decoded(Buffer.from([0xe9]), 'text/plain; charset=iso-8859-1')).toBe('é')
  })
  it('that are not known, and bytes that do not fit, are refused', async () => {
    for (const [raw, type] of [
      [Buffer.from('x'), 'text/plain; charset=klingon'],
      [Buffer.from('x'), 'text/plain; charset=base64'],
      [Buffer.from([0xc3]), 'text/plain'],
      [Buffer.from([0xe9]), 'application/json'],
      [Buffer.from([0x00]), 'text/plain; charset=utf-16le'],
      [Buffer.from([0x00, 0xd8]), 'text/plain; charset=utf-16le'],
      [Buffer.from([0xff]), 'text/plain; charset=us-ascii'],
      [Buffer.from('a=%ff'), 'application/x-www-form-urlencoded'],
      [Buffer.from([0xff]), undefined],
    ] as const)
      expect(await refused(raw, type), type).toBe('unparsable')
  })
})

describe('XML bodies (webhooks.md 3)', () => {
  it.each<[string, Json]>([
    ['<order><id>5</id></order>', { order: { id: '5' } }],
    ['<?xml version="1.0"?><!-- c --><a/>', { a: '' }],
    ['<a><b>1</b><b>2</b><c></c></a>', { a: { b: ['1', '2'], c: '' } }],
    ['<a x="1" y="&lt;&#65;">t</a>', { a: { '@x': '1', '@y': '<A', '#text': 't' } }],
    ['<a>\n  <b/>\n  t <![CDATA[<&>]]>\n</a>', { a: { b: '', '#text': 't <&>' } }],
    ['<s:a xmlns:s="u"><s:b>&amp;&lt;&gt;&quot;&apos;&#x20AC;</s:b></s:a>', { 's:a': { '@xmlns:s': 'u', 's:b': '&<>"\'€' } }],
    ['<a><![CDATA[&amp;]]></a>', { a: '&amp;' }],
    ['<a>true</a>', { a: 'true' }],
    ['<a x="1"><b>0010</b></a>', { a: { '@x': '1', b: '0010' } }],
    ['<toString><hasOwnProperty>1</hasOwnProperty></toString>', { toString: { hasOwnProperty: '1' } }],
    ['<a><constructor>1</constructor></a>', { a: { constructor: '1' } }],
  ])('%s', async (text, body) => {
    expect(await decoded(text, 'application/soap+xml')).toEqual(body)
  })
  it('take the character set of their declaration', async () => {
    expect(await decoded(Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>', 'latin1'), 'text/xml')).toEqual({ a: 'é' })
  })
  it.each([
    '',
    'x',
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a/>x',
    '<a b=1/>',
    '<a b="1" b="2"/>',
    '<a>&</a>',
    '<a>&nbsp;</a>',
    '<a>&constructor;</a>',
    '<a>&#0;</a>',
    '<a b="<"/>',
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    '<!doctype a><a/>',
    '<a>\u0001</a>',
    '<1a/>',
    '<a',
    '<a><!-- x</a>',
    '<a><![CDATA[x</a>',
  ])('%s is refused', async text => {
    expect(await refused(text, 'application/xml')).toBe('unparsable')
  })
  it('may be as deep as JSON', async () => {
    const deep = (depth: number): string => '<a>'.repeat(depth) + '1' + '</a>'.repeat(depth)
    await expect(decoded(deep(64), 'text/xml')).resolves.toBeDefined()
    expect(await refused(deep(65), 'text/xml')).toBe('unparsable')
    expect(await refused(deep(20_000), 'text/xml')).toBe('unparsable')
  })
})

describe('forms, text and the rest (webhooks.md 3)', () => {
  it('a form is an object, with lists for repeated names', async () => {
    expect(await decoded('a=1&b=x+y%21&a=2&c&%C3%A9=%E2%82%AC&d=%zz&=', 'application/x-www-form-urlencoded')).toEqual({
      a: ['1', '2'],
      b: 'x y!',
      c: '',
      é: '€',
      d: '%zz',
      '': '',
    })
    expect(await decoded('', 'application/x-www-form-urlencoded')).toEqual({})
  })
  it('multipart has fields as text and files as objects', async () => {
    const body = [
      '--B', 'Content-Disposition: form-data; name="a"', '', '1',
      '--B', 'Content-Disposition: form-data; name="a"', '', 'é',
      '--B', 'Content-Disposition: form-data; name="f"; filename="ü.bin"', 'Content-Type: image/png', '', 'data',
      '--B--', '',
    ].join('\r\n') // prettier-ignore
    expect(await decoded(body, 'multipart/form-data; boundary=B')).toEqual({
      a: ['1', 'é'],
      f: { filename: 'ü.bin', contentType: 'image/png', size: 4, base64: 'ZGF0YQ==' },
    })
    expect(await refused(body, 'multipart/form-data')).toBe('unparsable')
    expect(await refused(body.slice(0, -8), 'multipart/form-data; boundary=B')).toBe('unparsable')
    expect(await refused('x', 'multipart/form-data; boundary=B')).toBe('unparsable')
  })
  it('text is a string, a body without a type JSON or a string, anything else a string or base64', async () => {
    expect(await decoded('a,b', 'text/csv')).toBe('a,b')
    expect(await decoded('{"a":1}')).toEqual({ a: 1 })
    expect(await decoded('hello')).toBe('hello')
    expect(await decoded('')).toBe('')
    expect(await decoded('{"a":1}', 'application/yaml')).toBe('{"a":1}')
    expect(await decoded(Buffer.from([0xff, 0x00]), 'Image/PNG; x=y')).toEqual({ contentType: 'image/png', size: 2, base64: '/wA=' })
  })
})

describe('content encodings (webhooks.md 3)', () => {
  const json = Buffer.from('{"a":1}')
  it('gzip, deflate and br are undone, several in a row too', async () => {
    for (const [raw, encoding] of [
      [gzipSync(json), 'gzip'],
      [gzipSync(json), 'X-GZIP'],
      [deflateSync(json), 'deflate'],
      [deflateRawSync(json), 'deflate'],
      [brotliCompressSync(json), 'br'],
      [brotliCompressSync(gzipSync(json)), 'gzip, identity, br'],
    ] as const)
      expect(await decoded(raw, 'application/json', encoding), encoding).toEqual({ a: 1 })
  })
  it('others, and bytes that are something else, are refused', async () => {
    expect(await refused(json, 'application/json', 'zstd')).toBe('unparsable')
    expect(await refused(json, 'application/json', 'gzip')).toBe('unparsable')
    expect(await refused(gzipSync(json).subarray(0, 20), 'application/json', 'gzip')).toBe('unparsable')
    expect(await refused(json, 'application/json', 'constructor')).toBe('unparsable')
  })
  it('the limit is on the decoded size, to the byte', async () => {
    const zeros = (size: number): Buffer => gzipSync(Buffer.alloc(size, '0'))
    await expect(decoded(zeros(limits.maxBody), 'text/plain', 'gzip')).resolves.toHaveLength(limits.maxBody)
    expect(await refused(zeros(limits.maxBody + 1), 'text/plain', 'gzip')).toBe('tooLarge')
    expect(await refused(zeros(50_000_000), 'text/plain', 'gzip')).toBe('tooLarge')
    expect(await refused(gzipSync(zeros(50_000_000)), 'text/plain', 'gzip, gzip')).toBe('tooLarge')
    expect(await refused(Buffer.alloc(limits.maxBody + 1, '0'), 'text/plain')).toBe('tooLarge')
  })
})

describe('any body at all', () => {
  const types = [
    'application/json',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=B',
    'text/plain',
    'text/plain; charset=shift_jis',
    'x/y',
  ]
  it('is decoded or refused, never an error', () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.string({ unit: fc.constantFrom(...'<>/a="&;![]-{}:,1\r\n %') }).map(text => Buffer.from(text)),
        ),
        fc.constantFrom(...types, undefined),
        fc.constantFrom(undefined, 'gzip', 'br', 'deflate'),
        async (raw, type, encoding) => {
          const answer = await decodeBody(Buffer.from(raw), { 'content-type': type, 'content-encoding': encoding }, limits)
          if (answer.ok) expect(JSON.parse(JSON.stringify(answer.body))).toEqual(answer.body)
        },
      ),
      { numRuns: 500 },
    ))
})
