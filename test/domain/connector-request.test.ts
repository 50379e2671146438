import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConnectorCall, ConnectorParameter } from '../../domain/connector.ts'
import { baseUrlOf, buildCall } from '../../domain/connector-request.ts'
import { StepError } from '../../domain/errors.ts'
import type { Json, JsonObject } from '../../domain/json.ts'
import { fillText, secretReference, withEncoded } from '../../domain/secrets.ts'

const BASE = { baseUrl: 'https://shop.example/api/v1' }
const build = (call: Partial<ConnectorCall>, parameters: JsonObject = {}, fields?: Json, declared: readonly ConnectorParameter[] = []) =>
  buildCall(BASE, { method: 'GET', path: '/x', ...call }, { settings: { region: 'eu' }, parameters, ...(fields === undefined ? {} : { fields }) }, declared)
const detailOf = (work: () => unknown): string | undefined => {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof StepError) return error.detail
    throw error
  }
}

describe("a method's request (connectors.md 1)", () => {
  it('percent-encodes path parameters', () => {
    expect(build({ path: '/orders/{{parameters.id}}/lines' }, { id: 'a/b ?&#ä' }).url).toBe('https://shop.example/api/v1/orders/a%2Fb%20%3F%26%23%C3%A4/lines')
    expect(build({ path: '/orders/{{parameters.id}}' }, { id: 7 }).url).toBe('https://shop.example/api/v1/orders/7')
  })

  it('any text in a path stays one segment of it, under the base', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), id => {
        let url: string
        try {
          ;({ url } = build({ path: '/orders/{{parameters.id}}/lines' }, { id }))
        } catch (error) {
          return error instanceof StepError && ['.', '..'].includes(id)
        }
        const { origin, pathname, search, hash } = new URL(url)
        const [, , , orders, segment = '', lines, ...more] = pathname.split('/')
        return (
          origin === 'https://shop.example' &&
          search + hash === '' &&
          orders === 'orders' &&
          decodeURIComponent(segment) === id &&
          lines === 'lines' &&
          more.length === 0
        )
      }),
    )
  })

  it.each(['.', '..', '%2e', '%2E%2e'])('%s in a path does not lead out of it', id => {
    const literal = detailOf(() => build({ path: `/a/${id}/b` }))
    expect(literal).toContain('leads out of its path')
    const given = detailOf(() => build({ path: '/a/{{parameters.id}}' }, { id }))
    if (id.startsWith('.')) expect(given).toContain('leads out of its path')
    else expect(given).toBeUndefined()
  })

  it('a path parameter that is missing or empty makes no other call', () => {
    for (const parameters of [{}, { id: '' }, { id: null }])
      expect(detailOf(() => build({ path: '/orders/{{parameters.id}}' }, parameters))).toBe('id is empty: it stands in the URL')
  })

  it('an optional parameter that is missing leaves its query, header or field out', () => {
    const call = {
      query: { status: '{{parameters.status}}', region: '{{settings.region}}', fixed: 1 },
      headers: { 'X-Status': '{{parameters.status}}' },
      body: { status: '{{parameters.status}}', in: { deep: '{{parameters.status}}' }, text: 'a {{parameters.status}}' },
    }
    expect(build(call)).toMatchObject({ query: { region: 'eu', fixed: 1 }, headers: {}, body: { in: {}, text: 'a ' } })
    expect(build(call, { status: ['a'] })).toMatchObject({ query: { status: ['a'] }, body: { status: ['a'], text: 'a ["a"]' } })
    expect(build({ path: '/orders?status={{parameters.status}}&sort=id' }).url).toBe('https://shop.example/api/v1/orders?sort=id')
    expect(build({ path: '/orders?status={{parameters.status}}&sort=id' }, { status: 'a&b' }).url).toBe(
      'https://shop.example/api/v1/orders?status=a%26b&sort=id',
    )
  })

  it('a parameter that stands nowhere goes into the query', () => {
    expect(build({ path: '/orders/{{parameters.id}}' }, { id: 1, limit: 5, none: null }).query).toEqual({ limit: 5 })
  })

  it('wants required parameters', () => {
    const wanted = () => build({}, {}, undefined, [{ name: 'id', label: 'Order id', required: true }])
    expect(detailOf(wanted)).toBe('The parameter Order id needs a value')
    expect(wanted).toThrow(expect.objectContaining({ code: 'sourceEmpty' }))
  })

  it("fields are the body, laid over the method's own", () => {
    expect(build({}, {}, { a: 1 }).body).toEqual({ a: 1 })
    expect(build({ body: { a: 0, b: '{{settings.region}}' } }, {}, { a: 1 }).body).toEqual({ a: 1, b: 'eu' })
    expect(build({ body: { a: 0 } }, {}, 'text').body).toBe('text')
    expect(build({})).not.toHaveProperty('body')
  })

  it('a secret in a path is put in encoded', () => {
    const { url } = build({ path: '/k/{{parameters.key}}' }, { key: `a ${secretReference('key')}` })
    expect(fillText(url, name => withEncoded(new Map([['key', 's/ü']])).get(name))).toBe('https://shop.example/api/v1/k/a%20s%2F%C3%BC')
  })
})

describe('the base URL', () => {
  const at = (baseUrl: string, settings: JsonObject): string | undefined => {
    try {
      return baseUrlOf({ baseUrl }, settings)
    } catch (error) {
      return error instanceof StepError ? `! ${error.detail}` : undefined
    }
  }
  it('is filled with settings', () => {
    expect(at('https://{{settings.sub}}.example.com/api/', { sub: 'acme' })).toBe('https://acme.example.com/api')
    expect(at('http://{{settings.host}}/api', { host: 'localhost:4010' })).toBe('http://localhost:4010/api')
    expect(at('{{settings.url}}', { url: 'https://shop.example/wp/' })).toBe('https://shop.example/wp')
    expect(at('https://example.com/t/{{settings.tenant}}', { tenant: 'a/b' })).toBe('https://example.com/t/a%2Fb')
  })

  it('a setting does not lead to another host', () => {
    for (const sub of ['evil.example/', 'evil.example#', 'evil.example?', 'user@evil.example', 'evil.example\\', ''])
      expect(at('https://{{settings.sub}}.example.com/api', { sub })).toMatch(/^! /)
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), sub => {
        const url = at('https://{{settings.sub}}.example.com/api', { sub })
        return url?.startsWith('! ') === true || new URL(url ?? '').hostname.endsWith('.example.com')
      }),
    )
  })

  it('a setting that is a whole address must be one of http', () => {
    for (const url of ['ftp://x.example', 'javascript:alert(1)', 'x.example', 'https://user:pw@x.example', 'https://x.example?a'])
      expect(at('{{settings.url}}', { url })).toMatch(/^! /)
  })
})
