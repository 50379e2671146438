import { describe, expect, it } from 'vitest'
import { MAX_VALUE_BYTES } from '../../../domain/size.ts'
import { StepError } from '../../../domain/errors.ts'
import type { Json } from '../../../domain/json.ts'
import { buildResponse } from '../../../workflows/interpreter/response.ts'

const logging = {}

const detailOf = (filled: Json): string => {
  try {
    buildResponse(filled, undefined, logging)
  } catch (error) {
    if (error instanceof StepError && error.code === 'responseNotBuilt') return error.detail
    throw error
  }
  throw new Error('it was built')
}

describe('a response', () => {
  it('is 200 without a body where nothing is said', () => {
    expect(buildResponse(undefined, undefined, logging)).toEqual({ kind: 'response', status: 200, headers: {}, body: '' })
    expect(buildResponse({}, 'json', logging)).toEqual({ kind: 'response', status: 200, headers: {}, body: '' })
  })

  it.each([
    ['json by default', { a: [1, null] }, undefined, 'application/json; charset=utf-8', '{"a":[1,null]}'],
    ['text by default for a string', 'hello', undefined, 'text/plain; charset=utf-8', 'hello'],
    ['null as json', null, undefined, 'application/json; charset=utf-8', 'null'],
    ['a string as json', 'hello', 'json', 'application/json; charset=utf-8', '"hello"'],
    ['xml', { order: { id: 7 } }, 'xml', 'application/xml; charset=utf-8', expect.stringContaining('<order><id>7</id></order>')],
    ['a form', { a: 'b c', d: 1 }, 'form', 'application/x-www-form-urlencoded', 'a=b+c&d=1'],
    ['html', '<p>', 'html', 'text/html; charset=utf-8', '<p>'],
    ['an object as text', { a: 1 }, 'text', 'text/plain; charset=utf-8', '{"a":1}'],
  ] as const)('writes its body: %s', (_, body, bodyType, contentType, text) => {
    expect(buildResponse({ body: JSON.parse(JSON.stringify(body)) }, bodyType, logging)).toEqual({
      kind: 'response',
      status: 200,
      headers: { 'content-type': contentType },
      body: text,
    })
  })

  it('takes status and headers as they come, numbers as text', () => {
    expect(
      buildResponse(
        { status: '404', headers: { 'X-Count': 3, 'Content-Type': 'text/csv', 'X-None': null, 'Content-Length': 9 }, body: 'a,b' },
        undefined,
        logging,
      ),
    ).toEqual({
      kind: 'response',
      status: 404,
      headers: { 'X-Count': '3', 'Content-Type': 'text/csv' },
      body: 'a,b',
    })
  })

  it('that cannot be sent says why', () => {
    expect(detailOf({ status: 'none' })).toContain('"none"')
    expect(detailOf({ status: 99 })).toContain('200 to 599')
    expect(detailOf({ status: 200.5 })).toContain('200 to 599')
    expect(detailOf({ headers: [] })).toBe('The headers are not an object')
    expect(detailOf({ headers: { 'a b': 'c' } })).toContain('"a b"')
    expect(detailOf({ headers: { a: 'b\r\nset-cookie: c' } })).toContain('the header a')
    expect(detailOf({ body: 'x'.repeat(MAX_VALUE_BYTES) })).toContain(`larger than ${MAX_VALUE_BYTES} bytes`)
    expect(() => buildResponse({ body: { 'no name': 1 } }, 'xml', logging)).toThrow(StepError)
  })
})
