import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asAccountId, asCycleId } from '../../domain/ids.ts'
import { apiHarness, at, smallCycle, type ApiHarness, type Loose } from './harness.ts'

let api: ApiHarness
let account: string
beforeAll(async () => {
  api = await apiHarness()
  account = await api.account()
})
afterAll(() => api.close())

const make = async (definition: unknown = smallCycle): Promise<Loose> => (await api.v1('POST', '/cycles', { account, body: { Definition: definition } })).json
const idOf = (cycle: Loose): string => String(at(cycle, 'Id'))

const secretCycle = (secret: string, variable: string) => ({
  name: 'Secrets',
  variables: [{ name: 'key', secret: true, value: variable }],
  steps: [
    { id: 'order', type: 'webhook', verify: { scheme: 'hmac', secret, header: 'X-Signature', algorithm: 'sha256', encoding: 'hex' }, next: 'tell' },
    { id: 'tell', type: 'request', method: 'POST', url: 'http://shop.example', headers: { key: '{{variables.key}}' } },
  ],
})

describe('a cycle', () => {
  it('is made Paused from JSON, with a URL for each webhook step', async () => {
    const reply = await api.v1('POST', '/cycles', { account, body: { Definition: { ...smallCycle, description: 'd', tags: ['x'] } } })
    expect(reply.status).toBe(201)
    expect(reply.headers.get('location')).toBe(`/v1.0/cycles/${idOf(reply.json)}`)
    expect(reply.json).toEqual({
      Id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      Name: 'Small',
      Description: 'd',
      Tags: ['x'],
      Status: 'Paused',
      CreatedOnUtc: expect.stringMatching(/Z$/),
      Webhooks: [{ StepId: 'order', StepName: 'Order received', Url: expect.stringMatching(/^http:\/\/hooks\.example\/api\/webhook\/[0-9A-Za-z]{22}$/) }],
      InProgressTransactionCount: 0,
      QueuedTransactionCount: 0,
      WaitingTransactionCount: 0,
      ErrorCount: 0,
      WarningCount: 0,
      UnmatchedWebhookCount: 0,
      IgnoredWebhookCount: 0,
      Definition: { ...smallCycle, description: 'd', tags: ['x'] },
    })
    expect((await api.v1('GET', `/cycles/${idOf(reply.json).toUpperCase()}`, { account })).json).toEqual(reply.json)
  })

  it.each(['application/yaml', 'text/yaml', 'application/x-yaml; charset=utf-8'])('is made from the YAML document itself as %s', async type => {
    const yaml = 'name: From YAML\nsteps:\n  - { id: order, type: webhook, next: wait }\n  - { id: wait, type: delay, for: 1s }\n'
    const reply = await api.v1('POST', '/cycles', { account, raw: yaml, headers: { 'content-type': type } })
    expect(reply.status).toBe(201)
    expect(at(reply.json, 'Definition.steps[1]')).toEqual({ id: 'wait', type: 'delay', for: '1s' })
  })

  it('is refused with all its problems at once, each with its path', async () => {
    const steps = [
      { id: 'order', type: 'webhook', next: 'work' },
      { id: 'work', type: 'script', source: 'function run() {}', extra: 1 },
      { id: 'lost', type: 'delay', for: 'never' },
    ]
    const reply = await api.v1('POST', '/cycles', { account, body: { Definition: { name: '', steps } } })
    expect(reply.status).toBe(400)
    expect(at(reply.json, 'Code')).toBe('document_invalid')
    expect(JSON.stringify(at(reply.json, 'Errors'))).toContain('"Path":"steps[1].extra"')
    expect(JSON.stringify(at(reply.json, 'Errors'))).toContain('"Path":"name"')
    expect(at((await api.v1('GET', '/cycles', { account })).json, 'Errors')).toBeUndefined()
  })

  it('is refused with a script that does not parse', async () => {
    for (const [property, step] of Object.entries({
      source: { type: 'script', source: 'function run( {' },
      script: { type: 'request', method: 'GET', url: 'http://x', script: 'function before_action( {' },
    })) {
      const steps = [smallCycle.steps[0], { id: 'work', ...step }]
      const reply = await api.v1('POST', '/cycles', { account, body: { Definition: { name: 'Bad', steps } } })
      expect(reply.status).toBe(400)
      expect(at(reply.json, 'Errors')).toEqual([{ Path: `steps[1].${property}`, Message: expect.stringMatching(/line 1/i) }])
    }
  })

  it.each([{}, { Definition: null }, { Definition: 'text' }, []])('is refused without a document: %j', async body => {
    const reply = await api.v1('POST', '/cycles', { account, body })
    expect(reply.status).toBe(400)
    expect(at(reply.json, 'Message')).toEqual(expect.any(String))
  })

  it('is refused over 256 KiB, as JSON and as YAML', async () => {
    const description = 'x'.repeat(257 * 1024)
    const json = await api.v1('POST', '/cycles', { account, body: { Definition: { ...smallCycle, description } } })
    const yaml = await api.v1('POST', '/cycles', { account, yaml: `name: x\ndescription: ${description}\n` })
    for (const reply of [json, yaml]) expect([reply.status, at(reply.json, 'Code')]).toEqual([400, 'document_too_large'])
  })

  it('keeps the URLs of the steps that stay when it is replaced', async () => {
    const cycle = await make()
    const definition = {
      name: 'Larger',
      steps: [
        { id: 'order', type: 'webhook', next: 'late' },
        { id: 'late', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' } },
      ],
    }
    const reply = await api.v1('PUT', `/cycles/${idOf(cycle)}`, { account, body: { definition } })
    expect(reply.status).toBe(200)
    expect(at(reply.json, 'Name')).toBe('Larger')
    expect(at(reply.json, 'Webhooks[0].Url')).toBe(at(cycle, 'Webhooks[0].Url'))
    expect(at(reply.json, 'Webhooks[1].Url')).not.toBe(at(cycle, 'Webhooks[0].Url'))
  })

  it('is not replaced while it is Active or Stopping', async () => {
    const id = idOf(await make())
    await api.v1('PUT', `/cycles/${id}/activate`, { account })
    const reply = await api.v1('PUT', `/cycles/${id}`, { account, body: { Definition: smallCycle } })
    expect([reply.status, at(reply.json, 'Code')]).toEqual([409, 'cycle_running'])
  })

  it('is one of two that race to replace it; the other is told', async () => {
    const id = idOf(await make())
    const replies = await Promise.all(['A', 'B', 'C'].map(name => api.v1('PUT', `/cycles/${id}`, { account, body: { Definition: { ...smallCycle, name } } })))
    const statuses = replies.map(reply => reply.status)
    expect(statuses).toContain(200)
    expect(statuses.every(status => status === 200 || status === 409)).toBe(true)
  })

  it('starts, stops, and finishes', async () => {
    const id = idOf(await make())
    const change = async (path: string): Promise<[number, Loose | undefined]> => {
      const reply = await api.v1('PUT', `/cycles/${id}/${path}`, { account })
      return [reply.status, at(reply.json, 'Status')]
    }
    expect(await change('deactivate')).toEqual([200, 'Paused'])
    expect(await change('activate')).toEqual([200, 'Active'])
    expect(await change('activate')).toEqual([200, 'Active'])
    expect(await change('deactivate')).toEqual([200, 'Stopped'])
    expect(await change('activate')).toEqual([200, 'Active'])
    expect(await change('deactivate?finishQueuedTransactions=true')).toEqual([200, 'Stopped'])
    expect((await change('deactivate?finishQueuedTransactions=maybe'))[0]).toBe(400)
  })

  it('does not start before its required variables have values', async () => {
    const variables = [
      { name: 'shop', label: 'Shop URL', userConfigurable: true },
      { name: 'other', userConfigurable: true, required: false },
    ]
    const id = idOf(await make({ ...smallCycle, variables }))
    const list = await api.v1('GET', `/cycles/${id}/prerequisites`, { account })
    expect(list.json).toEqual([
      { ReasonCode: 'variable_value_missing', Reason: 'The variable "Shop URL" needs a value.', ObjectType: 'Variable', ObjectId: 'shop' },
    ])
    const reply = await api.v1('PUT', `/cycles/${id}/activate`, { account })
    expect([reply.status, at(reply.json, 'Code')]).toEqual([422, 'prerequisites_missing'])
    expect(at(reply.json, 'Errors')).toEqual([{ Path: 'variables[0].value', Message: 'The variable "Shop URL" needs a value.' }])
    await api.v1('PUT', `/cycles/${id}`, { account, body: { Definition: { ...smallCycle, variables: [{ name: 'shop', value: 'x' }] } } })
    expect((await api.v1('GET', `/cycles/${id}/prerequisites`, { account })).json).toEqual([])
    expect((await api.v1('PUT', `/cycles/${id}/activate`, { account })).status).toBe(200)
  })

  it('is gone at once when it is deleted', async () => {
    const cycle = await make()
    await api.v1('PUT', `/cycles/${idOf(cycle)}/activate`, { account })
    expect((await api.v1('DELETE', `/cycles/${idOf(cycle)}`, { account })).status).toBe(204)
    for (const method of ['GET', 'DELETE', 'PUT']) {
      const body = method === 'PUT' ? { body: { Definition: smallCycle } } : {}
      expect((await api.v1(method, `/cycles/${idOf(cycle)}`, { account, ...body })).status).toBe(404)
    }
    const url = encodeURIComponent(String(at(cycle, 'Webhooks[0].Url')))
    expect((await api.v1('GET', `/webhooks?identifier=${url}`)).status).toBe(404)
  })

  it('whose deletion was cut off half-way is gone as well, and leaves nothing', async () => {
    const owner = await api.account()
    const guid = asAccountId(String(at((await api.v1('GET', `/accounts/${owner}`)).json, 'AccountId')))
    const made = await api.v1('POST', '/cycles', { account: owner, body: { Definition: smallCycle } })
    const place = { account: guid, cycle: asCycleId(idOf(made.json)) }
    await api.inbox.delete(place)
    expect((await api.v1('GET', '/cycles', { account: owner })).json).toEqual([])
    expect(await api.registry.cycles.get(place)).toBeUndefined()
  })

  it('of another account answers 404, as one that is not there, for every call', async () => {
    const id = idOf(await make())
    const other = await api.account()
    const calls = [
      ['GET', ''],
      ['DELETE', ''],
      ['PUT', '/activate'],
      ['PUT', '/deactivate'],
      ['GET', '/prerequisites'],
      ['GET', '/transactions'],
      ['GET', `/transactions/${randomUUID()}`],
      ['POST', `/transactions/${randomUUID()}/stop`],
      ['GET', '/incidents'],
    ] as const
    for (const [method, path] of calls) {
      for (const cycle of [id, randomUUID(), 'nonsense', '..']) {
        const reply = await api.v1(method, `/cycles/${encodeURIComponent(cycle)}${path}`, { account: cycle === id ? other : account })
        if (cycle !== '..') expect([method, path, reply.status, at(reply.json, 'Code')]).toEqual([method, path, 404, 'cycle_not_found'])
      }
    }
    expect((await api.v1('GET', `/cycles/${id}`, { account })).status).toBe(200)
  })

  it('is found by the identifier of a webhook, or by the whole URL', async () => {
    const cycle = await make()
    const url = String(at(cycle, 'Webhooks[0].Url'))
    const identifier = url.split('/').at(-1) ?? ''
    for (const asked of [identifier, url, `${url}?x=1`]) {
      const reply = await api.v1('GET', `/webhooks?identifier=${encodeURIComponent(asked)}`)
      expect(reply.json).toEqual({
        Identifier: identifier,
        Url: url,
        AccountId: expect.any(String),
        AccountExternalId: account,
        AccountName: 'Acme',
        CycleId: idOf(cycle),
        CycleName: 'Small',
        StepId: 'order',
        StepName: 'Order received',
      })
    }
    expect((await api.v1('GET', '/webhooks?identifier=unknown')).status).toBe(404)
    expect((await api.v1('GET', '/webhooks')).status).toBe(400)
  })
})

describe('secrets of a cycle', () => {
  it('show as ********, stand sealed, and stay when that is saved', async () => {
    const cycle = await make(secretCycle('top', 'pass'))
    expect(at(cycle, 'Definition.variables[0].value')).toBe('********')
    expect(at(cycle, 'Definition.steps[0].verify.secret')).toBe('********')
    expect(JSON.stringify(cycle)).not.toContain('top')
    const owner = await api.registry.accounts.find(account)
    const place = { account: owner?.id ?? asAccountId(''), cycle: asCycleId(idOf(cycle)) }
    const before = await api.registry.cycles.get(place)
    expect(JSON.stringify(before)).not.toMatch(/"(top|pass)"/)
    const saved = await api.v1('PUT', `/cycles/${idOf(cycle)}`, { account, body: { Definition: at(cycle, 'Definition') } })
    expect(saved.status).toBe(200)
    expect((await api.registry.cycles.get(place))?.document).toEqual(before?.document)
    await api.v1('PUT', `/cycles/${idOf(cycle)}`, { account, body: { Definition: secretCycle('new', '********') } })
    const after = await api.registry.cycles.get(place)
    expect(after?.document.variables).toEqual(before?.document.variables)
    expect(after?.document.steps[0]).not.toEqual(before?.document.steps[0])
  })

  it('cannot be kept where there are none', async () => {
    const reply = await api.v1('POST', '/cycles', { account, body: { Definition: secretCycle('********', '********') } })
    expect(reply.status).toBe(400)
    expect(JSON.stringify(at(reply.json, 'Errors'))).toContain('variables[0].value')
    expect(JSON.stringify(at(reply.json, 'Errors'))).toContain('steps[0].verify.secret')
  })
})
