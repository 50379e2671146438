import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { connectorJsonSchema, parseConnector, parseConnectorText } from '../../../domain/schema/index.ts'
import { shop } from './connectors.ts'

const problems = (input: unknown): string[] => {
  const parsed = parseConnector(input)
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`)
}
const withMethod = (method: object): object => ({ ...shop, methods: [{ id: 'm', type: 'read', method: 'GET', path: '/m', ...method }] })

describe('the connector document (connectors.md 1)', () => {
  it('is read as the specification writes it, type left out and an empty script included', () => {
    const text = `
name: Example Shop
version: "1.0"
description: Orders and stock of Example Shop.
icon: https://example.com/icon.svg
baseUrl: "https://{{settings.subdomain}}.example.com/api/v1"
settings:
  - { name: subdomain, label: Subdomain, required: true }
authentication:
  type: oauth2
  grant: authorizationCode
  authorizeUrl: https://example.com/oauth/authorize
  tokenUrl: https://example.com/oauth/token
  scopes: [orders.read, orders.write]
  pkce: true
test: { method: GET, path: /me }
rateLimit: { requests: 10, per: 1s }
externalIds: body.shop.id
script: |
methods:
  - id: getOrder
    name: Get order
    type: read
    method: GET
    path: "/orders/{{parameters.orderId}}"
    parameters: [{ name: orderId, label: Order id, required: true }]
    response: { path: order }
  - id: listOrders
    method: GET
    path: /orders
    paging: { type: page, parameter: page, size: { parameter: per_page, value: 100 }, items: orders }
  - id: newOrder
    type: webhook
    subscribe: { method: POST, path: /hooks, body: { url: "{{webhook.url}}" }, id: body.id }
    unsubscribe: { method: DELETE, path: "/hooks/{{subscription.id}}" }
`
    expect(parseConnectorText(text, 'yaml')).toMatchObject({ ok: true, document: { name: 'Example Shop', methods: [{}, {}, {}] } })
  })

  it('knows each type of authentication', () => {
    for (const authentication of [
      { type: 'none' },
      { type: 'apiKey', in: 'query', name: 'key' },
      { type: 'basic' },
      { type: 'bearer' },
      { type: 'oauth2', grant: 'clientCredentials', tokenUrl: 'https://shop.example/token' },
    ])
      expect(problems({ ...shop, authentication })).toEqual([])
  })

  it('tells all mistakes at once, with a suggestion where one is near', () => {
    expect(
      problems({
        ...shop,
        baseURL: 'https://x.example',
        authentication: { type: 'oauth', grant: 'x' },
        methods: [{ id: 'list', method: 'GET', path: 'orders', paging: { type: 'pages', parameter: 'p' }, responce: {} }],
      }),
    ).toEqual([
      'authentication.type: "oauth" is not one of none, apiKey, basic, bearer, oauth2. Did you mean "oauth2"?',
      'methods[0].path: Must begin with /: it stands behind the baseUrl',
      'methods[0].paging.type: "pages" is not one of page, offset, cursor, link. Did you mean "page"?',
      'methods[0].responce: Unknown property "responce". Did you mean "response"?',
      'baseURL: Unknown property "baseURL". Did you mean "baseUrl"?',
    ])
  })

  it('never holds a secret: client id and secret are unknown properties', () => {
    const authentication = { type: 'oauth2', grant: 'clientCredentials', tokenUrl: 'https://shop.example/token', clientSecret: 's' }
    expect(problems({ ...shop, authentication })).toEqual(['authentication.clientSecret: Unknown property "clientSecret".'])
  })

  it('wants an authorizeUrl with the grant authorizationCode', () => {
    const authentication = { type: 'oauth2', grant: 'authorizationCode', tokenUrl: 'https://shop.example/token' }
    expect(problems({ ...shop, authentication })).toEqual(['authentication.authorizeUrl: Is required with the grant authorizationCode'])
  })

  it('checks merge fields: declared settings and parameters, and the roots of the place', () => {
    expect(problems({ ...shop, baseUrl: 'https://{{settings.subdomian}}.example', settings: [{ name: 'subdomain' }] })).toEqual([
      'baseUrl: settings has no "subdomian". Did you mean "subdomain"?',
    ])
    expect(problems(withMethod({ path: '/{{parameters.ids}}', parameters: [{ name: 'id' }] }))).toEqual([
      'methods[0].path: parameters has no "ids". Did you mean "id"?',
    ])
    expect(problems(withMethod({ query: { q: '{{order.body.id}}' } }))).toEqual([
      'methods[0].query.q: order.body.id begins with "order": here merge fields begin with parameters or settings.',
    ])
    const subscribe = { method: 'POST', path: '/hooks', body: { url: '{{webhook.url}}' } }
    const unsubscribe = { method: 'DELETE', path: '/hooks/{{subscription.id}}' }
    expect(problems({ ...shop, methods: [{ id: 'h', type: 'webhook', subscribe, unsubscribe }] })).toEqual([
      'methods[0].unsubscribe.path: subscription.id begins with "subscription": here merge fields begin with settings or webhook.',
    ])
    expect(problems({ ...shop, methods: [{ id: 'h', type: 'webhook', unsubscribe: { method: 'DELETE', path: '/hooks' } }] })).toEqual([
      'methods[0].unsubscribe: There is no subscribe: nothing is to be unsubscribed',
    ])
  })

  it('checks paths into answers', () => {
    expect(problems({ ...shop, externalIds: 'shop.id' })).toEqual(['externalIds: A path begins here with body or headers or query, not shop.'])
    expect(problems(withMethod({ response: { path: '{{order}}' } }))).toEqual(['methods[0].response.path: A path is written without braces, as in body.id'])
    expect(problems(withMethod({ paging: { type: 'cursor', parameter: 'after', next: 'next' } }))).toEqual([
      'methods[0].paging.next: A path begins here with body or headers, not next.',
    ])
    expect(problems(withMethod({ paging: { type: 'link' }, response: { path: 'a' } }))).toEqual([
      'methods[0].response: With paging, items of the paging says where the list stands',
    ])
  })

  it('wants unique ids and names', () => {
    const method = { id: 'm', method: 'GET', path: '/m' }
    expect(problems({ ...shop, methods: [method, method] })).toEqual(['methods[1].id: The id "m" stands at methods[0] already: ids are unique'])
    expect(problems({ ...shop, settings: [{ name: 'a' }, { name: 'a' }] })).toEqual([
      'settings[1].name: The setting "a" stands at settings[0] already: names are unique',
    ])
  })

  it('ends with what is no document at all', () => {
    for (const input of [undefined, null, 7, 'x', [], { methods: 'x' }, { methods: [null, 7], settings: [null], authentication: [] }])
      expect(problems(input).length).toBeGreaterThan(0)
  })

  it('has a JSON Schema that is committed', () => {
    const committed: unknown = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../../schemas/connector.json'), 'utf8'))
    expect(committed).toEqual(JSON.parse(JSON.stringify(connectorJsonSchema())))
  })

  it('the examples are read, each by itself', () => {
    const folder = resolve(import.meta.dirname, '../../../examples/connectors')
    const files = readdirSync(folder)
    expect(files.length).toBeGreaterThanOrEqual(3)
    for (const file of files) expect(parseConnectorText(readFileSync(resolve(folder, file), 'utf8'), 'yaml')).toMatchObject({ ok: true })
  })
})
