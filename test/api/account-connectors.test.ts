import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asAccountId } from '../../domain/ids.ts'
import { shop } from '../domain/schema/connectors.ts'
import { startReceiver, type TestReceiver } from '../support/receiver.ts'
import { apiHarness, at, type ApiHarness, type Loose } from './harness.ts'

const encryptionKey = Buffer.alloc(32, 7).toString('base64')
let api: ApiHarness
let application: TestReceiver
beforeAll(async () => {
  api = await apiHarness({ encryptionKey })
  application = await startReceiver()
  application.respond(({ headers }) =>
    headers['authorization'] === 'Bearer good' || headers['x-key'] === 'good' ? { status: 200 } : { status: 401, body: { error: 'bad key' } },
  )
})
afterAll(async () => {
  await api?.close()
  await application?.close()
})

let made = 0
async function connector(extra: object = {}): Promise<{ id: string; name: string }> {
  const name = `Shop ${++made}`
  const definition = { ...shop, name, baseUrl: application.url, test: { method: 'GET', path: '/me' }, ...extra }
  const { json } = await api.v1('POST', '/connectors', { body: { Definition: definition } })
  return { id: String(at(json, 'Id')), name }
}
const post = (account: string, body: object) => api.v1('POST', '/account/connectors', { account, body })
const listed = async (account: string): Promise<readonly Loose[]> => {
  const { json } = await api.v1('GET', '/account/connectors', { account })
  return Array.isArray(json) ? json : []
}

describe('account connectors (connectors.md 1 and 2)', () => {
  it('are authenticated by a test call, and never show their credentials', async () => {
    const account = await api.account()
    const { id, name } = await connector()
    const answer = await post(account, { ConnectorId: id, AuthValue: 'good', ExternalId: 'shop-7' })
    expect(answer.status).toBe(201)
    expect(answer.json).toEqual({
      Id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      ConnectorId: id,
      Name: name,
      Status: 'Authenticated',
      Settings: {},
      ExternalId: 'shop-7',
    })
    expect(application.at('/me').at(-1)?.headers['authorization']).toBe('Bearer good')
    const path = `/account/connectors/${String(at(answer.json, 'Id'))}`
    expect((await api.v1('GET', path, { account })).json).toEqual(answer.json)
    expect(await listed(account)).toEqual([answer.json])
    const guid = asAccountId(String(at((await api.v1('GET', `/accounts/${account}`)).json, 'AccountId')))
    const stored = await api.registry.accountConnectors.of(guid).get(String(at(answer.json, 'Id')))
    expect(stored?.value.credentials).toMatch(/^sealed:k1:/)
    expect((await api.v1('GET', path, { account: await api.account() })).status).toBe(404)
    expect((await api.v1('DELETE', path, { account })).status).toBe(204)
    expect((await api.v1('GET', path, { account })).json).toMatchObject({ Code: 'account_connector_not_found' })
  })

  it("where the test fails, the answer is 422 with the application's answer, and nothing is stored", async () => {
    const account = await api.account()
    const { id } = await connector()
    const answer = await post(account, { ConnectorId: id, AuthValue: 'wr0ng-key' })
    expect(answer.status).toBe(422)
    expect(answer.json).toMatchObject({ Message: 'Failed to authenticate the connector', Code: 'authentication_failed' })
    expect(at(answer.json, 'Errors[0].Message')).toContain('answered 401\n{"error":"bad key"}')
    expect(answer.text).not.toContain('wr0ng-key')
    expect(await listed(account)).toEqual([])
    const down = await connector({ baseUrl: 'http://127.0.0.1:1' })
    expect((await post(account, { ConnectorId: down.id, AuthValue: 'good' })).status).toBe(422)
  })

  it('settings fill the base URL; those that are missing or unknown are told', async () => {
    const account = await api.account()
    const settings = [{ name: 'host', required: true }, { name: 'more' }]
    const { id } = await connector({ baseUrl: 'http://{{settings.host}}/v1', settings })
    const wrong = await post(account, { ConnectorId: id, AuthValue: 'good', Settings: { hots: 'x' } })
    expect([wrong.status, at(wrong.json, 'Errors[0].Path'), at(wrong.json, 'Errors[1].Path')]).toEqual([400, 'Settings.host', 'Settings.hots'])
    const right = await post(account, { ConnectorId: id, AuthValue: 'good', Settings: { host: new URL(application.url).host } })
    expect([right.status, application.at('/v1/me').length]).toEqual([201, 1])
    const led = await post(account, { ConnectorId: id, AuthValue: 'good', Settings: { host: 'evil.example/x' } })
    expect(led.status).toBe(422)
  })

  it('tell which credentials are missing', async () => {
    const account = await api.account()
    const { id } = await connector({ authentication: { type: 'basic' } })
    const answer = await post(account, { ConnectorId: id, AuthValue: 'good' })
    expect([answer.status, at(answer.json, 'Errors[0].Path')]).toEqual([400, 'Username'])
    expect((await post(account, { ConnectorId: account })).json).toMatchObject({ Code: 'connector_not_found' })
  })

  it('may be several of one connector, told apart by their names', async () => {
    const account = await api.account()
    const { id, name } = await connector({ authentication: { type: 'apiKey', in: 'header', name: 'X-Key' } })
    const body = { ConnectorId: id, AuthValue: 'good' }
    expect(at((await post(account, body)).json, 'Name')).toBe(name)
    expect(at((await post(account, body)).json, 'Name')).toBe(`${name} 2`)
    expect(at((await post(account, { ...body, Name: 'Berlin' })).json, 'Name')).toBe('Berlin')
    expect((await post(account, { ...body, Name: 'Berlin' })).json).toMatchObject({ Code: 'name_taken' })
    expect(await listed(account)).toHaveLength(3)
  })

  it('are changed only where the new credentials are taken', async () => {
    const account = await api.account()
    const { id } = await connector()
    const path = `/account/connectors/${String(at((await post(account, { ConnectorId: id, AuthValue: 'good' })).json, 'Id'))}`
    const refused = await api.v1('PUT', path, { account, body: { AuthValue: 'bad' } })
    expect([refused.status, at((await api.v1('GET', path, { account })).json, 'Status')]).toEqual([422, 'Authenticated'])
    const asked = application.at('/me').length
    const named = await api.v1('PUT', path, { account, body: { Name: 'Other', ExternalId: 'x' } })
    expect([named.status, at(named.json, 'Name'), at(named.json, 'ExternalId'), application.at('/me').length]).toEqual([200, 'Other', 'x', asked])
    expect(at((await api.v1('PUT', path, { account, body: { ExternalId: null } })).json, 'ExternalId')).toBeNull()
  })

  it('hold their connector: it cannot be deleted', async () => {
    const account = await api.account()
    const { id } = await connector()
    await post(account, { ConnectorId: id, AuthValue: 'good' })
    const answer = await api.v1('DELETE', `/connectors/${id}`)
    expect([answer.status, at(answer.json, 'Code')]).toEqual([409, 'connector_in_use'])
  })

  it('with authorizationCode there is a URL where a user gives access', async () => {
    const account = await api.account()
    const authentication = {
      type: 'oauth2',
      grant: 'authorizationCode',
      authorizeUrl: 'https://shop.example/authorize',
      tokenUrl: 'https://shop.example/token',
    }
    const { id, name } = await connector({ authentication })
    await api.v1('PUT', `/connectors/${id}`, { body: { Definition: { ...shop, name, authentication }, OAuthClientId: 'c', OAuthClientSecret: 's' } })
    const { json } = await post(account, { ConnectorId: id })
    expect(json).toMatchObject({ Status: 'Unauthenticated' })
    expect(String(at(json, 'AuthorizeUrl'))).toContain('https://shop.example/authorize?response_type=code&client_id=c')
  })
})

it('connectors and account connectors come back from an export, secrets sealed', async () => {
  const account = await api.account()
  const { id } = await connector()
  const held = await post(account, { ConnectorId: id, AuthValue: 'good', ExternalId: 'x' })
  const document = (await api.v1('GET', '/export')).json
  expect(JSON.stringify(document)).not.toContain('"good"')
  const other = await apiHarness({ encryptionKey })
  const imported = await other.v1('POST', '/import', { body: document })
  expect([imported.status, imported.text]).toEqual([200, expect.stringContaining('"Name":"AccountConnectors"')])
  const path = `/account/connectors/${String(at(held.json, 'Id'))}`
  expect((await other.v1('GET', path, { account })).json).toEqual(held.json)
  expect((await other.v1('GET', `/connectors/${id}`)).json).toEqual((await api.v1('GET', `/connectors/${id}`)).json)
  expect((await other.v1('POST', '/import', { body: document })).status).toBe(200)
  expect(at((await api.v1('GET', `/export?account=${account}`)).json, 'AccountConnectors[0].Id')).toBe(at(held.json, 'Id'))
  await other.close()
})

describe('cycles with methods (connectors.md 1 to 3)', () => {
  const cycle = (step: object): object => ({
    name: 'Uses',
    steps: [
      { id: 'order', type: 'webhook', next: 'ask' },
      { id: 'ask', type: 'method', ...step },
    ],
  })
  const save = (account: string, step: object) => api.v1('POST', '/cycles', { account, body: { Definition: cycle(step) } })

  it('an unknown connector, method or parameter is an error on saving', async () => {
    const account = await api.account()
    const { name } = await connector()
    const parameters = { id: '{{order.body.id}}' }
    const told = async (step: object): Promise<readonly unknown[]> => {
      const { status, json } = await save(account, step)
      return [status, at(json, 'Errors[0].Path'), at(json, 'Errors[0].Message')]
    }
    expect(await told({ connector: `${name}s`, method: 'getOrder', parameters })).toEqual([
      400,
      'steps[1].connector',
      expect.stringMatching(/^There is no connector "Shop \d+s"\. Did you mean "Shop \d+"\?$/),
    ])
    expect(await told({ connector: name, method: 'getOrders', parameters })).toEqual([
      400,
      'steps[1].method',
      `The connector "${name}" has no method "getOrders". Did you mean "getOrder"?`,
    ])
    expect(await told({ connector: name, method: 'getOrder', parameters: { ...parameters, idd: 1 } })).toEqual([
      400,
      'steps[1].parameters.idd',
      'The method "getOrder" has no parameter "idd". Did you mean "id"?',
    ])
    expect(await told({ connector: name, method: 'getOrder' })).toEqual([400, 'steps[1].parameters', 'The parameter "id" is required'])
    expect((await save(account, { connector: name, method: 'getOrder', parameters })).status).toBe(201)
  })

  it('a connector that is not authenticated is a prerequisite, and one of several must be said', async () => {
    const account = await api.account()
    const { id, name } = await connector()
    const made = await save(account, { connector: name, method: 'getOrder', parameters: { id: 1 } })
    const path = `/cycles/${String(at(made.json, 'Id'))}`
    const missing = async () => (await api.v1('GET', `${path}/prerequisites`, { account })).json
    expect(await missing()).toEqual([
      {
        ReasonCode: 'connector_not_authenticated',
        Reason: `The connector "${name}" is not authenticated in this account.`,
        ObjectType: 'Connector',
        ObjectId: id,
      },
    ])
    const refused = await api.v1('PUT', `${path}/activate`, { account })
    expect([refused.status, at(refused.json, 'Code'), at(refused.json, 'Errors[0].Path')]).toEqual([422, 'prerequisites_missing', 'steps[1].connector'])
    await post(account, { ConnectorId: id, AuthValue: 'good' })
    expect(await missing()).toEqual([])
    const second = await post(account, { ConnectorId: id, AuthValue: 'good', Name: 'Second' })
    expect(await missing()).toMatchObject([{ ReasonCode: 'account_connector_ambiguous' }])
    const other = await api.v1('PUT', path, { account, body: { AccountConnectorId: id } })
    expect([other.status, at(other.json, 'Errors[0].Path')]).toEqual([400, 'AccountConnectorId'])
    const chosen = await api.v1('PUT', path, { account, body: { AccountConnectorId: at(second.json, 'Id') } })
    expect([chosen.status, at(chosen.json, 'AccountConnectors')]).toEqual([200, [{ Connector: name, AccountConnectorId: at(second.json, 'Id') }]])
    expect(await missing()).toEqual([])
    expect((await api.v1('PUT', `${path}/activate`, { account })).status).toBe(200)
    expect((await api.v1('PUT', path, { account, body: {} })).status).toBe(400)
  })
})
