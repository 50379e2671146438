import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Services } from '../../api/services.ts'
import { apiHarness, at, smallCycle, type ApiHarness } from './harness.ts'

let api: ApiHarness
let outcome: Awaited<ReturnType<Services['activator']['activate']>> = { outcome: 'unreachable' }
let asked = 0
beforeAll(async () => {
  api = await apiHarness({
    activator: {
      activate: async () => {
        asked++
        return outcome
      },
    },
  })
  const methods = [
    { id: 'newOrder', type: 'webhook', subscribe: { method: 'POST', path: '/hooks', body: { url: '{{webhook.url}}' } } },
    { id: 'other', type: 'webhook' },
  ]
  const definition = { name: 'Shop', version: '1', baseUrl: 'https://shop.example', authentication: { type: 'none' }, methods }
  await api.v1('POST', '/connectors', { body: { Definition: definition } })
})
afterAll(() => api.close())

async function activated(method?: string) {
  const account = await api.account()
  const [trigger, ...rest] = smallCycle.steps
  const document = method === undefined ? smallCycle : { ...smallCycle, steps: [{ ...trigger, connector: 'Shop', method }, ...rest] }
  const { json } = await api.v1('POST', '/cycles', { account, body: { Definition: document } })
  asked = 0
  const reply = await api.v1('PUT', `/cycles/${String(at(json, 'Id'))}/activate`, { account })
  return [reply.status, at(reply.json, 'Code') ?? at(reply.json, 'Status'), asked, at(reply.json, 'Errors[0].Message')]
}

describe('PUT /cycles/{id}/activate with webhook steps of connectors (connectors.md 4)', () => {
  it('asks nobody where no method has `subscribe`', async () => {
    expect(await activated()).toEqual([200, 'Active', 0, undefined])
    expect(await activated('other')).toEqual([200, 'Active', 0, undefined])
  })

  it('is 503 where an application has to be asked and Temporal does not answer, or nothing came in time', async () => {
    for (const one of ['unreachable', 'late'] as const) {
      outcome = { outcome: one }
      expect(await activated('newOrder')).toEqual([503, 'service_unavailable', 1, undefined])
    }
  })

  it('is 422 with the answer of the application that refused', async () => {
    outcome = { outcome: 'refused', problems: [{ path: 'steps[0]', message: 'POST https://shop.example/hooks answered 403' }] }
    expect(await activated('newOrder')).toEqual([422, 'subscription_failed', 1, 'POST https://shop.example/hooks answered 403'])
  })

  it('is 422 with what is missing where that was lost meanwhile, and 404 where the cycle was', async () => {
    outcome = { outcome: 'missing', prerequisites: [{ reasonCode: 'x', reason: 'It is gone.', objectType: 'Connector', objectId: '', path: 'steps[0]' }] }
    expect(await activated('newOrder')).toEqual([422, 'prerequisites_missing', 1, 'It is gone.'])
    outcome = { outcome: 'gone' }
    expect((await activated('newOrder')).slice(0, 3)).toEqual([404, 'cycle_not_found', 1])
  })
})
