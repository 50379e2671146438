import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiHarness, at, smallCycle, type ApiHarness, type Loose } from './harness.ts'

let api: ApiHarness
let account: string
beforeAll(async () => {
  api = await apiHarness()
  account = await api.account()
})
afterAll(() => api.close())

const make = async (definition: unknown = smallCycle): Promise<string> =>
  String(at((await api.v1('POST', '/templates', { body: { Definition: definition } })).json, 'Id'))
const live = async (definition: unknown = smallCycle): Promise<string> => {
  const id = await make(definition)
  expect((await api.v1('POST', `/templates/${id}/promote`)).status).toBe(200)
  return id
}
const later = { id: 'later', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' } }
const statuses = (template: Loose): unknown[] => {
  const releases = at(template, 'Releases')
  return Array.isArray(releases) ? releases.map((release: Loose) => at(release, 'Status')) : []
}
const refusal = async (method: string, path: string, body?: unknown): Promise<unknown[]> => {
  const { status, json } = await api.v1(method, path, { account, ...(body === undefined ? {} : { body }) })
  return [status, at(json, 'Code')]
}

describe('a template', () => {
  it('is made from JSON with a draft, and shown with it', async () => {
    const reply = await api.v1('POST', '/templates', { body: { definition: { ...smallCycle, description: 'd', tags: ['x'] } } })
    expect(reply.status).toBe(201)
    const id = String(at(reply.json, 'Id'))
    expect(reply.headers.get('location')).toBe(`/v1.0/templates/${id}`)
    expect(reply.json).toEqual({
      Id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      Name: 'Small',
      Description: 'd',
      Tags: ['x'],
      Published: false,
      CreatedOnUtc: expect.stringMatching(/Z$/),
      Releases: [{ Id: expect.stringMatching(/^[0-9a-f-]{36}$/), Status: 'Draft', CreatedOnUtc: expect.stringMatching(/Z$/) }],
      Webhooks: [{ StepId: 'order', StepName: expect.any(String), Url: expect.stringMatching(/\/api\/webhook\/[0-9A-Za-z]{22}$/) }],
      Definition: { ...smallCycle, description: 'd', tags: ['x'] },
    })
    expect((await api.v1('GET', `/templates/${id.toUpperCase()}`)).json).toEqual(reply.json)
    expect(JSON.stringify((await api.v1('GET', '/templates?pageSize=500')).json)).toContain(id)
  })

  it('is made from the YAML document itself', async () => {
    const yaml = 'name: From YAML\nsteps:\n  - { id: order, type: webhook, next: wait }\n  - { id: wait, type: delay, for: 1s }\n'
    const reply = await api.v1('POST', '/templates', { yaml })
    expect([reply.status, at(reply.json, 'Name'), at(reply.json, 'Definition.steps[1].for')]).toEqual([201, 'From YAML', '1s'])
  })

  it('is refused with all problems of its document', async () => {
    const reply = await api.v1('POST', '/templates', { body: { Definition: { name: '', steps: [{ id: 'a', type: 'webhook', extra: 1 }] } } })
    expect([reply.status, at(reply.json, 'Code')]).toEqual([400, 'document_invalid'])
    expect(JSON.stringify(at(reply.json, 'Errors'))).toContain('steps[0].extra')
  })

  it('has exactly one live release once any was promoted, and those before it are deprecated', async () => {
    const id = await make()
    expect(statuses((await api.v1('POST', `/templates/${id}/promote`)).json)).toEqual(['Live'])
    expect(await refusal('POST', `/templates/${id}/promote`)).toEqual([409, 'template_no_draft'])
    const edited = await api.v1('PUT', `/templates/${id}`, { body: { Definition: { ...smallCycle, name: 'Second' } } })
    expect([statuses(edited.json), at(edited.json, 'Name')]).toEqual([['Live', 'Draft'], 'Second'])
    const again = await api.v1('PUT', `/templates/${id}`, { body: { Definition: { ...smallCycle, name: 'Third' } } })
    expect([statuses(again.json), at(again.json, 'Releases[1].Id')]).toEqual([['Live', 'Draft'], at(edited.json, 'Releases[1].Id')])
    expect(statuses((await api.v1('POST', `/templates/${id}/promote`)).json)).toEqual(['Deprecated', 'Live'])
    const first = await api.v1('GET', `/templates/${id}?release=${String(at(again.json, 'Releases[0].Id'))}`)
    expect(at(first.json, 'Definition.name')).toBe('Small')
    expect((await api.v1('GET', `/templates/${id}?release=${id}`)).status).toBe(404)
  })

  it('is promoted by one of many who try at once', async () => {
    const id = await make()
    const replies = await Promise.all([1, 2, 3, 4].map(() => api.v1('POST', `/templates/${id}/promote`)))
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409])
    expect(statuses((await api.v1('GET', `/templates/${id}`)).json)).toEqual(['Live'])
  })

  it('keeps the last twenty releases that are deprecated', async () => {
    const id = await live()
    for (let n = 0; n < 22; n++) {
      await api.v1('PUT', `/templates/${id}`, { body: { Definition: { ...smallCycle, name: `Edit ${n}` } } })
      await api.v1('POST', `/templates/${id}/promote`)
    }
    const { json } = await api.v1('GET', `/templates/${id}`)
    expect(statuses(json)).toEqual([...Array<string>(20).fill('Deprecated'), 'Live'])
    expect(at(json, 'Definition.name')).toBe('Edit 21')
  })

  it('has a URL for each webhook step, which stays while the step does and is not that of an installed cycle', async () => {
    const two = { ...smallCycle, steps: [...smallCycle.steps.slice(0, -1), { ...smallCycle.steps.at(-1), next: 'later' }, later] }
    const id = await live()
    const urls = async (query = ''): Promise<Loose | undefined> => at((await api.v1('GET', `/templates/${id}${query}`)).json, 'Webhooks')
    const first = await urls()
    const edited = (await api.v1('PUT', `/templates/${id}`, { body: { Definition: two } })).json
    expect(at(edited, 'Webhooks[0]')).toEqual(at(first, '[0]'))
    expect(at(edited, 'Webhooks[1].StepId')).toBe('later')
    const back = (await api.v1('PUT', `/templates/${id}`, { body: { Definition: smallCycle } })).json
    expect(at(back, 'Webhooks')).toEqual(first)
    expect(await urls(`?release=${String(at(back, 'Releases[0].Id'))}`)).toEqual(first)
    const cycle = (await api.v1('POST', `/templates/${id}/install`, { account })).json
    expect(at(cycle, 'Webhooks[0].Url')).not.toBe(at(first, '[0].Url'))
  })

  it('is published where it is live, and taken back', async () => {
    const id = await make()
    expect(await refusal('PUT', `/templates/${id}/publish`)).toEqual([409, 'template_not_live'])
    await api.v1('POST', `/templates/${id}/promote`)
    expect(at((await api.v1('PUT', `/templates/${id}/publish`)).json, 'Published')).toBe(true)
    expect(at((await api.v1('GET', `/templates/${id}`)).json, 'Published')).toBe(true)
    expect(at((await api.v1('PUT', `/templates/${id}/publish`, { body: { Published: false } })).json, 'Published')).toBe(false)
  })

  it('is deleted, and unknown then', async () => {
    const id = await make()
    expect((await api.v1('DELETE', `/templates/${id}`)).status).toBe(204)
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/promote'],
      ['PUT', '/publish'],
      ['POST', '/install'],
    ] as const)
      expect(await refusal(method, `/templates/${id}${path}`)).toEqual([404, 'template_not_found'])
    expect(await refusal('GET', '/templates/none')).toEqual([404, 'template_not_found'])
  })

  it("is the partner's: a token for one account may only install it", async () => {
    const id = await live()
    const token = await api.token(`account:${account}`)
    expect((await api.v1('GET', '/templates', { token })).status).toBe(403)
    expect((await api.v1('GET', `/templates/${id}`, { token })).status).toBe(403)
    expect((await api.v1('POST', `/templates/${id}/install`, { token })).status).toBe(201)
  })
})

describe('the secrets of a template', () => {
  const definition = (secret: string, value?: string) => ({
    name: 'Secrets',
    variables: [{ name: 'key', secret: true, userConfigurable: true, ...(value === undefined ? {} : { value }) }],
    steps: [
      { id: 'order', type: 'webhook', verify: { scheme: 'hmac', secret, header: 'X-S', algorithm: 'sha256', encoding: 'hex' }, next: 'wait' },
      { id: 'wait', type: 'delay', for: '1s' },
    ],
  })

  it('show as ********, are stored sealed, and stay where that is sent back, also into a new draft and into cycles', async () => {
    const id = await live(definition('verifying', 'variable'))
    const { json } = await api.v1('GET', `/templates/${id}`)
    expect([at(json, 'Definition.variables[0].value'), at(json, 'Definition.steps[0].verify.secret')]).toEqual(['********', '********'])
    const stored = JSON.stringify((await api.registry.templates.get(id))?.value)
    expect(stored).not.toMatch(/verifying|"variable"/)
    await api.v1('PUT', `/templates/${id}`, { body: { Definition: at(json, 'Definition') } })
    const releases = (await api.registry.templates.get(id))?.value.releases ?? []
    expect(releases.map(release => release.document.steps[0])).toEqual([releases[0]?.document.steps[0], releases[0]?.document.steps[0]])
    const cycle = (await api.v1('POST', `/templates/${id}/install`, { account })).json
    expect([at(cycle, 'Definition.variables[0].value'), at(cycle, 'Definition.steps[0].verify.secret')]).toEqual(['********', '********'])
  })

  it('may be one merge field of a secret variable, which shows, and of which each account has its own value', async () => {
    const id = await live(definition('{{variables.key}}'))
    const cycle = (await api.v1('POST', `/templates/${id}/install`, { account })).json
    expect(at(cycle, 'Definition.steps[0].verify.secret')).toBe('{{variables.key}}')
    // Without a value none would pass.
    expect(await refusal('PUT', `/cycles/${String(at(cycle, 'Id'))}/activate`)).toEqual([422, 'prerequisites_missing'])
    const own = (await api.v1('POST', `/templates/${id}/install`, { account, body: { Variables: { key: 'of this account' } } })).json
    expect(at(own, 'Definition.variables[0].value')).toBe('********')
    expect((await api.v1('PUT', `/cycles/${String(at(own, 'Id'))}/activate`, { account })).status).toBe(200)
    expect((await api.redis.keys('*')).length).toBeGreaterThan(0)
    const text = JSON.stringify((await api.v1('GET', `/export?account=${account}`)).json)
    expect(text).not.toContain('of this account')
  })
})

describe('installing a template', () => {
  it('makes a Paused cycle from the live release, with URLs of its own, which later releases do not change', async () => {
    const id = await live()
    const release = at((await api.v1('GET', `/templates/${id}`)).json, 'Releases[0].Id')
    const first = await api.v1('POST', `/templates/${id}/install`, { account })
    expect(first.status).toBe(201)
    expect(first.json).toMatchObject({ Name: 'Small', Status: 'Paused', TemplateId: id, TemplateReleaseId: release, Definition: smallCycle })
    expect(first.headers.get('location')).toBe(`/v1.0/cycles/${String(at(first.json, 'Id'))}`)
    const second = await api.v1('POST', `/templates/${id}/install`, { account })
    expect(at(second.json, 'Webhooks[0].Url')).not.toBe(at(first.json, 'Webhooks[0].Url'))
    await api.v1('PUT', `/templates/${id}`, { body: { Definition: { ...smallCycle, name: 'Later' } } })
    expect(at((await api.v1('POST', `/templates/${id}/install`, { account })).json, 'Name')).toBe('Small')
    await api.v1('POST', `/templates/${id}/promote`)
    expect(at((await api.v1('POST', `/templates/${id}/install`, { account })).json, 'Name')).toBe('Later')
    expect((await api.v1('GET', `/cycles/${String(at(first.json, 'Id'))}`, { account })).json).toEqual(first.json)
  })

  it('keeps where a cycle came from when its document is replaced', async () => {
    const id = await live()
    const cycle = (await api.v1('POST', `/templates/${id}/install`, { account })).json
    const reply = await api.v1('PUT', `/cycles/${String(at(cycle, 'Id'))}`, { account, body: { Definition: { ...smallCycle, name: 'Own' } } })
    expect(reply.json).toMatchObject({ Name: 'Own', TemplateId: id, TemplateReleaseId: at(cycle, 'TemplateReleaseId') })
  })

  it('is refused before anything was promoted, and without an account', async () => {
    const id = await make()
    expect(await refusal('POST', `/templates/${id}/install`)).toEqual([409, 'template_not_live'])
    expect((await api.v1('POST', `/templates/${id}/install`)).status).toBe(401)
  })

  it('sets variables, and tells all that is wrong with them', async () => {
    const variables = [
      { name: 'shop', userConfigurable: true },
      {
        name: 'size',
        options: [
          { label: 'One', value: 1 },
          { label: 'Two', value: 2 },
        ],
      },
      { name: 'key', secret: true },
    ]
    const id = await live({ ...smallCycle, variables })
    const good = await api.v1('POST', `/templates/${id}/install`, { account, body: { Variables: { shop: { url: 'x' }, size: '2' } } })
    expect([at(good.json, 'Definition.variables[0].value'), at(good.json, 'Definition.variables[1].value')]).toEqual([{ url: 'x' }, 2])
    const bad = await api.v1('POST', `/templates/${id}/install`, { account, body: { Variables: { shp: 1, size: 3, key: 5 } } })
    expect(at(bad.json, 'Errors')).toEqual([
      { Path: 'Variables.shp', Message: 'There is no such variable' },
      { Path: 'Variables.size', Message: 'Must be one of its options: 1, 2' },
      { Path: 'Variables.key', Message: 'The value of a secret variable must be text' },
    ])
  })

  it('is done once for an Idempotency-Key', async () => {
    const id = await live()
    const sent = { account, headers: { 'idempotency-key': `install-${id}` } }
    const [first, second] = [await api.v1('POST', `/templates/${id}/install`, sent), await api.v1('POST', `/templates/${id}/install`, sent)]
    expect(second.json).toEqual(first.json)
  })
})
