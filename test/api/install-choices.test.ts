import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asAccountId } from '../../domain/ids.ts'
import { shop } from '../domain/schema/connectors.ts'
import { apiHarness, at, type ApiHarness } from './harness.ts'

let api: ApiHarness
beforeAll(async () => {
  api = await apiHarness()
})
afterAll(() => api.close())

async function connector(): Promise<{ id: string; name: string }> {
  const name = `Shop ${randomUUID()}`
  const { json } = await api.v1('POST', '/connectors', { body: { Definition: { ...shop, name, baseUrl: 'http://127.0.0.1:1' } } })
  return { id: String(at(json, 'Id')), name }
}
const hold = async (account: string, connectorId: string, name: string): Promise<string> =>
  String(at((await api.v1('POST', '/account/connectors', { account, body: { ConnectorId: connectorId, AuthValue: 'good', Name: name } })).json, 'Id'))

async function offered(connectors: readonly string[]): Promise<number> {
  const templates: string[] = []
  for (const name of connectors) {
    const definition = {
      name: 'Uses',
      steps: [
        { id: 'order', type: 'webhook', next: 'ask' },
        { id: 'ask', type: 'method', connector: name, method: 'getOrder', parameters: { id: 1 } },
      ],
    }
    const id = String(at((await api.v1('POST', '/templates', { body: { Definition: definition } })).json, 'Id'))
    await api.v1('POST', `/templates/${id}/promote`)
    templates.push(id)
  }
  const market = String(at((await api.v1('POST', '/marketplaces', { body: { Name: 'Shop' } })).json, 'Id'))
  return Number(at((await api.v1('POST', `/marketplaces/${market}/packages`, { body: { Name: 'Orders', TemplateIds: templates } })).json, 'Id'))
}

describe('AccountConnectors of an installation (connectors.md 2)', () => {
  it('say which account connectors the cycles use, by the name of the connector', async () => {
    const account = await api.account()
    const [one, other] = [await connector(), await connector()]
    await hold(account, one.id, 'First')
    const second = await hold(account, one.id, 'Second')
    const id = await offered([one.name, other.name])
    const body = { AccountConnectors: { [one.name]: second.toUpperCase() } }
    const begun = await api.v1('POST', `/account/packages/${id}/install`, { account, body })
    expect([begun.status, at(begun.json, 'PackageId'), at(begun.json, 'TemplateId')]).toEqual([202, id, null])
    const guid = asAccountId(String(at((await api.v1('GET', `/accounts/${account}`)).json, 'AccountId')))
    const operation = await api.registry.operations.get(guid, String(at(begun.json, 'Id')))
    expect(operation?.accountConnectors).toEqual({ [one.name]: second })
  })

  it('are refused where they are unknown, before anything starts', async () => {
    const account = await api.account()
    const [one, other] = [await connector(), await connector()]
    const foreign = await hold(await api.account(), one.id, 'Foreign')
    const mine = await hold(account, other.id, 'Mine')
    const id = await offered([one.name])
    const refusal = async (accountConnectors: unknown) => {
      const { status, json } = await api.v1('POST', `/account/packages/${id}/install`, { account, body: { AccountConnectors: accountConnectors } })
      return [status, at(json, 'Errors[0].Path'), at(json, 'Errors[0].Message')]
    }
    const path = `AccountConnectors[${JSON.stringify(one.name)}]`
    expect(await refusal({ [one.name]: foreign })).toEqual([400, path, `${foreign} is no account connector of it in this account`])
    expect(await refusal({ [one.name]: mine })).toEqual([400, path, `${mine} is no account connector of it in this account`])
    expect(await refusal({ [one.name]: 'nothing' })).toEqual([400, path, 'nothing is no account connector of it in this account'])
    expect(await refusal({ [other.name]: mine })).toEqual([
      400,
      `AccountConnectors[${JSON.stringify(other.name)}]`,
      expect.stringContaining(`is no connector that is used here: those are ${JSON.stringify(one.name)}.`),
    ])
    expect((await refusal({ [one.name]: 7 }))[0]).toBe(400)
    expect((await refusal([mine]))[0]).toBe(400)
    expect((await api.v1('GET', '/cycles', { account })).json).toEqual([])
    expect((await api.v1('POST', `/account/packages/${id}/install`, { account })).status).toBe(202)
  })
})
