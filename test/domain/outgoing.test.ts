import { describe, expect, it } from 'vitest'
import type { BodyType } from '../../domain/document.ts'
import type { Json } from '../../domain/json.ts'
import { hasHeader, headerFields, OutgoingError, writeBody } from '../../domain/outgoing.ts'

describe('what goes out over HTTP', () => {
  it.each<[Json, BodyType | undefined, string, string]>([
    [{ a: 1 }, undefined, '{"a":1}', 'application/json; charset=utf-8'],
    ['x', undefined, 'x', 'text/plain; charset=utf-8'],
    ['x', 'json', '"x"', 'application/json; charset=utf-8'],
    [null, undefined, 'null', 'application/json; charset=utf-8'],
    [{ a: 1 }, 'text', '{"a":1}', 'text/plain; charset=utf-8'],
    ['<p>', 'html', '<p>', 'text/html; charset=utf-8'],
    [{ a: { '@b': 1 } }, 'xml', '<a b="1"/>', 'application/xml; charset=utf-8'],
    [{ a: ['1', '2'] }, 'form', 'a=1&a=2', 'application/x-www-form-urlencoded'],
  ])('%j as %s is written with its content type', (body, type, text, contentType) => {
    expect(writeBody(body, type)).toEqual({ text, contentType })
  })
  it('a body without a form in its type is told', () => {
    expect(() => writeBody({ 'a b': 1 }, 'xml')).toThrow(OutgoingError)
  })
  it('headers are texts; null ones and those of the connection are left out', () => {
    expect(headerFields({ 'X-A': 1, 'x-b': { c: true }, none: null, Connection: 'close', 'Content-Length': '5' })).toEqual({ 'X-A': '1', 'x-b': '{"c":true}' })
    expect(headerFields(undefined)).toEqual({})
    expect(headerFields(null)).toEqual({})
    expect(hasHeader({ 'Content-Type': 'x' }, 'content-type')).toBe(true)
    expect(hasHeader({}, 'content-type')).toBe(false)
  })
  it('headers that cannot be sent are told', () => {
    for (const headers of [[], 'x', { 'a b': 1 }, { a: 'x\r\nb: y' }, { a: '€' }]) expect(() => headerFields(headers)).toThrow(OutgoingError)
  })
})
