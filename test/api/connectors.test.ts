import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shop } from '../domain/schema/connectors.ts'
import { apiHarness, at, type ApiHarness } from './harness.ts'

let api: ApiHarness
beforeAll(async () => {
  api = await apiHarness()
})
afterAll(() => api?.close())

let made = 0
const document = (extra: object = {}): object => ({ ...shop, name: `Shop ${++made}`, ...extra })
const create = async (extra: object = {}, rest: object = {}) => (await api.v1('POST', '/connectors', { body: { Definition: document(extra), ...rest } })).json

describe('connectors (connectors.md 1)', () => {
  it('are made from a document, shown, listed and deleted', async () => {
    const answer = await api.v1('POST', '/connectors', { body: { Definition: document() } })
    expect(answer.status).toBe(201)
    expect(answer.json).toMatchObject({ Name: `Shop ${made}`, Version: '1.0', Definition: { methods: [{ id: 'getOrder' }] } })
    const path = `/connectors/${String(at(answer.json, 'Id'))}`
    expect(answer.headers.get('location')).toBe(`/v1.0${path}`)
    expect((await api.v1('GET', path)).json).toEqual(answer.json)
    expect((await api.v1('GET', '/connectors?pageSize=500')).json).toContainEqual(answer.json)
    expect((await api.v1('DELETE', path)).status).toBe(204)
    expect((await api.v1('GET', path)).status).toBe(404)
    expect((await api.v1('GET', '/connectors/x')).json).toMatchObject({ Code: 'connector_not_found' })
  })

  it('are read as YAML too', async () => {
    const yaml = JSON.stringify(document())
    expect((await api.v1('POST', '/connectors', { yaml })).status).toBe(201)
  })

  it('tell every mistake with its path', async () => {
    const answer = await api.v1('POST', '/connectors', {
      body: { Definition: document({ methods: [{ id: 'm', methd: 'GET', path: '/m' }], script: 'function {' }) },
    })
    expect(answer.status).toBe(400)
    expect(answer.json).toMatchObject({
      Code: 'document_invalid',
      Errors: [{ Path: 'methods[0].method' }, { Path: 'methods[0].methd', Message: 'Unknown property "methd". Did you mean "method"?' }],
    })
    const script = await api.v1('POST', '/connectors', { body: { Definition: document({ script: 'function {' }) } })
    expect(script.json).toMatchObject({ Errors: [{ Path: 'script' }] })
    expect((await api.v1('POST', '/connectors', { body: {} })).json).toMatchObject({ Errors: [{ Path: 'Definition' }] })
  })

  it('have a partner webhook where the document says how accounts are told apart', async () => {
    expect(at(await create({ externalIds: 'body.shop.id' }), 'PartnerWebhookUrl')).toMatch(/^http:\/\/hooks\.example\/api\/partnerwebhook\/[0-9A-Za-z]{22}$/)
    expect(at(await create(), 'PartnerWebhookUrl')).toBeUndefined()
  })

  it('are found by the identifier of their partner webhook, or its whole URL, while they have one', async () => {
    const found = await create({ externalIds: 'body.shop.id' })
    const url = String(at(found, 'PartnerWebhookUrl'))
    const identifier = url.split('/').at(-1) ?? ''
    const expected = { Identifier: identifier, Url: url, ConnectorId: at(found, 'Id'), ConnectorName: at(found, 'Name') }
    for (const asked of [identifier, url, `${url}?x=1`]) {
      const reply = await api.v1('GET', `/webhooks?identifier=${encodeURIComponent(asked)}`)
      expect([reply.status, reply.json]).toEqual([200, expected])
    }
    await api.v1('PUT', `/connectors/${String(at(found, 'Id'))}`, { body: { Definition: { ...shop, name: at(found, 'Name') } } })
    expect((await api.v1('GET', `/webhooks?identifier=${identifier}`)).status).toBe(404)
  })

  it('have a unique name, which stays', async () => {
    const one = await create()
    const taken = await api.v1('POST', '/connectors', { body: { Definition: { ...shop, name: at(one, 'Name') } } })
    expect([taken.status, at(taken.json, 'Code')]).toEqual([400, 'name_taken'])
    const path = `/connectors/${String(at(one, 'Id'))}`
    const renamed = await api.v1('PUT', path, { body: { Definition: document() } })
    expect([renamed.status, at(renamed.json, 'Errors[0].Path')]).toEqual([400, 'Definition.name'])
    const changed = await api.v1('PUT', path, { body: { Definition: { ...shop, name: at(one, 'Name'), version: '2' } } })
    expect([changed.status, at(changed.json, 'Version')]).toEqual([200, '2'])
  })

  it('keep client id and secret sealed, and never show them', async () => {
    const one = await create({}, { OAuthClientId: 'the-client', OAuthClientSecret: 'the-secret' })
    expect(JSON.stringify(one)).not.toContain('the-')
    const id = String(at(one, 'Id'))
    const secret = async () => (await api.registry.connectors.get(id))?.value.oauthClientSecret
    expect(await secret()).toMatch(/^sealed:k1:/)
    const definition = { Definition: { ...shop, name: at(one, 'Name') } }
    const before = await secret()
    await api.v1('PUT', `/connectors/${id}`, { body: definition })
    expect(await secret()).toBe(before)
    await api.v1('PUT', `/connectors/${id}`, { body: { ...definition, OAuthClientSecret: null } })
    expect(await secret()).toBeUndefined()
    expect((await api.registry.connectors.get(id))?.value.oauthClientId).toBe('the-client')
  })

  it("are the partner's: a token of one account is refused", async () => {
    const token = await api.token(`account:${await api.account()}`)
    expect((await api.v1('GET', '/connectors', { token })).status).toBe(403)
  })

  it('have their JSON Schema at /schemas/connector.json', async () => {
    const { status, json } = await api.call('GET', '/schemas/connector.json')
    expect([status, at(json, 'title')]).toEqual([200, 'Flywheel connector'])
  })
})
