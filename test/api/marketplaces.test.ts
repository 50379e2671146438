import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rotated } from '../../api/marketplaces/secrets.ts'
import { createSealer, parseEncryptionKeys } from '../../platform/seal.ts'
import { apiHarness, at, smallCycle, type ApiHarness, type Loose } from './harness.ts'

const encryptionKey = Buffer.alloc(32, 5).toString('base64')
const { open } = createSealer(parseEncryptionKeys(`k1:${encryptionKey}`))
let api: ApiHarness
beforeAll(async () => {
  api = await apiHarness({ encryptionKey })
})
afterAll(() => api.close())

const make = async (body: object = {}): Promise<Loose> => (await api.v1('POST', '/marketplaces', { body: { Name: 'Shop', ...body } })).json
const idOf = (one: Loose): number => Number(at(one, 'Id'))
const template = async (): Promise<string> => {
  const id = String(at((await api.v1('POST', '/templates', { body: { Definition: smallCycle } })).json, 'Id'))
  await api.v1('POST', `/templates/${id}/promote`)
  return id
}
const madePackage = async (marketplace: number, body: object = {}): Promise<Loose> =>
  (await api.v1('POST', `/marketplaces/${marketplace}/packages`, { body: { Name: 'Orders', TemplateIds: [await template()], ...body } })).json
const refusal = async (method: string, path: string, body?: unknown): Promise<unknown[]> => {
  const { status, json } = await api.v1(method, path, body === undefined ? {} : { body })
  return [status, at(json, 'Code'), at(json, 'Errors')]
}

describe('a marketplace', () => {
  it('has an integer id, and shows its secret when it is made and never again', async () => {
    const reply = await api.v1('POST', '/marketplaces', {
      body: { name: 'Shop', NotificationUrl: 'https://partner.example/notify', EmbeddingOrigins: ['https://App.example.com/'], Css: ':root{}' },
    })
    expect(reply.status).toBe(201)
    const id = idOf(reply.json)
    expect(Number.isInteger(id) && id > 0).toBe(true)
    expect(reply.headers.get('location')).toBe(`/v1.0/marketplaces/${id}`)
    const shown = {
      Id: id,
      Name: 'Shop',
      NotificationUrl: 'https://partner.example/notify',
      EmbeddingOrigins: ['https://app.example.com'],
      ReturnOrigins: [],
      LaunchCompleteHtml: '',
      Css: ':root{}',
      Cards: [],
    }
    expect(reply.json).toEqual({ ...shown, Secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/) })
    expect((await api.v1('GET', `/marketplaces/${id}`)).json).toEqual(shown)
    expect((await api.v1('PUT', `/marketplaces/${id}`, { body: {} })).json).toEqual(shown)
    expect(JSON.stringify((await api.v1('GET', '/marketplaces')).json)).not.toContain('whsec_')
    const stored = await api.registry.marketplaces.get(String(id))
    expect(JSON.stringify(stored)).not.toContain('whsec_')
    expect(open(stored?.value.secrets[0]?.sealed ?? '')).toBe(at(reply.json, 'Secret'))
    expect(idOf(await make())).toBe(id + 1)
  })

  it('is made once for an Idempotency-Key, whose kept answer holds the secret sealed', async () => {
    const sent = { body: { Name: 'Once' }, headers: { 'idempotency-key': randomUUID() } }
    const [first, second] = [await api.v1('POST', '/marketplaces', sent), await api.v1('POST', '/marketplaces', sent)]
    expect([second.json, second.headers.get('idempotent-replayed')]).toEqual([first.json, 'true'])
    const answers = await Promise.all((await api.redis.keys('answer:*')).map(key => api.redis.get(key)))
    expect(answers.join()).toContain('sealed:k1:')
    expect(answers.join()).not.toContain('whsec_')
  })

  it('changes only in what is sent, and null sets the default', async () => {
    const id = idOf(await make({ NotificationUrl: 'https://a.example', ReturnOrigins: ['https://b.example'], LaunchCompleteHtml: '<p>' }))
    const one = (await api.v1('PUT', `/marketplaces/${id}`, { body: { Name: 'Other' } })).json
    expect(one).toMatchObject({ Name: 'Other', NotificationUrl: 'https://a.example', ReturnOrigins: ['https://b.example'], LaunchCompleteHtml: '<p>' })
    const nothing = { NotificationUrl: null, EmbeddingOrigins: null, ReturnOrigins: null, LaunchCompleteHtml: null, Css: null }
    const unset = { NotificationUrl: null, EmbeddingOrigins: [], ReturnOrigins: [], LaunchCompleteHtml: '', Css: '' }
    expect((await api.v1('PUT', `/marketplaces/${id}`, { body: nothing })).json).toMatchObject({ Name: 'Other', ...unset })
  })

  it('takes origins only, and of embedding ones all subdomains too', async () => {
    const origins = ['https://*.example.com', 'http://localhost:3000', 'https://a.example:443']
    expect(at(await make({ EmbeddingOrigins: origins }), 'EmbeddingOrigins')).toEqual(['https://*.example.com', 'http://localhost:3000', 'https://a.example'])
    const bad = [
      'https://a.example/path',
      '*',
      'https://a b.example',
      "https://a.example; script-src 'self'",
      'https://u:p@a.example',
      'ftp://a',
      'a.example',
      'null',
      '',
    ]
    for (const [at_, origin] of bad.entries()) {
      expect([at_, ...(await refusal('POST', '/marketplaces', { Name: 'x', EmbeddingOrigins: [origin] })).slice(0, 2)]).toEqual([at_, 400, 'request_invalid'])
    }
    for (const origin of [...bad, 'https://*.example.com'])
      expect((await refusal('POST', '/marketplaces', { Name: 'x', ReturnOrigins: [origin] })).slice(0, 2)).toEqual([400, 'request_invalid'])
    expect((await refusal('POST', '/marketplaces', { Name: 'x', NotificationUrl: 'javascript:alert(1)' }))[0]).toBe(400)
    expect((await refusal('POST', '/marketplaces', { Name: ' ' }))[0]).toBe(400)
  })

  it('rotates its secret: the old one goes on for 24 hours', async () => {
    const made = await make()
    const reply = await api.v1('POST', `/marketplaces/${idOf(made)}/secret`)
    expect(reply.status).toBe(200)
    expect(at(reply.json, 'Secret')).toMatch(/^whsec_/)
    const secrets = (await api.registry.marketplaces.get(String(idOf(made))))?.value.secrets ?? []
    expect(secrets.map(({ sealed }) => open(sealed))).toEqual([at(reply.json, 'Secret'), at(made, 'Secret')])
    expect(secrets[0]?.until).toBeUndefined()
    expect(Math.abs((secrets[1]?.until ?? 0) - Date.now() - 24 * 3_600_000)).toBeLessThan(60_000)
    const day = 24 * 3_600_000
    const twice = rotated(rotated([{ sealed: 'a' }], 'b', 0), 'c', day - 1)
    expect(twice).toEqual([{ sealed: 'c' }, { sealed: 'b', until: 2 * day - 1 }, { sealed: 'a', until: day }])
    expect(rotated(twice, 'd', day)).toEqual([{ sealed: 'd' }, { sealed: 'c', until: 2 * day }, { sealed: 'b', until: 2 * day - 1 }])
  })

  it('is unknown under what is no integer, or none of its ids', async () => {
    for (const id of ['0', '01', '1e3', '99999', 'x', randomUUID()])
      expect((await refusal('GET', `/marketplaces/${id}`)).slice(0, 2)).toEqual([404, 'marketplace_not_found'])
  })

  it("is the partner's alone", async () => {
    const account = await api.account()
    const token = await api.token(`account:${account}`)
    const id = idOf(await make())
    for (const path of ['', `/${id}`, `/${id}/packages`]) expect((await api.v1('GET', `/marketplaces${path}`, { token })).status).toBe(403)
    expect((await api.v1('POST', `/marketplaces/${id}/secret`, { token })).status).toBe(403)
  })
})

describe('cards', () => {
  it('are packages, categories that hold cards, text and links', async () => {
    const id = idOf(await make())
    const [one, two] = [idOf(await madePackage(id)), idOf(await madePackage(id))]
    const cards = [
      { Type: 'text', Html: '<h2>Hello</h2>' },
      { Type: 'Category', Title: 'Shops', Description: 'd', Cards: [{ Type: 'Package', PackageId: one }] },
      { type: 'PACKAGE', packageid: String(two) },
      { Type: 'Link', Title: 'Help', Url: 'https://help.example', Image: 'https://help.example/i.png' },
    ]
    const reply = await api.v1('PUT', `/marketplaces/${id}`, { body: { Cards: cards } })
    expect(at(reply.json, 'Cards')).toEqual([
      { Type: 'Text', Html: '<h2>Hello</h2>' },
      { Type: 'Category', Title: 'Shops', Description: 'd', Cards: [{ Type: 'Package', PackageId: one }] },
      { Type: 'Package', PackageId: two },
      { Type: 'Link', Title: 'Help', Url: 'https://help.example', Image: 'https://help.example/i.png' },
    ])
    // What was shown can be sent back.
    expect((await api.v1('PUT', `/marketplaces/${id}`, { body: reply.json })).json).toEqual(reply.json)
    // A package that goes takes its tile with it.
    expect((await api.v1('DELETE', `/marketplaces/${id}/packages/${one}`)).status).toBe(204)
    expect(at((await api.v1('GET', `/marketplaces/${id}`)).json, 'Cards[1]')).toEqual({ Type: 'Category', Title: 'Shops', Description: 'd', Cards: [] })
  })

  it('tell all that is wrong with them', async () => {
    const [id, other] = [idOf(await make()), idOf(await make())]
    const foreign = idOf(await madePackage(other))
    const own = idOf(await madePackage(id))
    const cards = [
      { Type: 'Package' },
      { Type: 'Package', PackageId: foreign },
      { Type: 'Package', PackageId: own },
      {
        Type: 'Category',
        Title: 'x',
        Cards: [
          { Type: 'Package', PackageId: own },
          { Type: 'Category', Title: 'y' },
        ],
      },
      { Type: 'Link', Title: 'x', Html: 'y' },
    ]
    expect((await refusal('PUT', `/marketplaces/${id}`, { Cards: cards }))[2]).toEqual([
      { Path: 'Cards[0].PackageId', Message: 'is needed by a card of the type Package' },
      { Path: 'Cards[1].PackageId', Message: `the marketplace has no package ${foreign}` },
      { Path: 'Cards[3].Cards[0].PackageId', Message: `the package ${own} stands in another card already` },
      { Path: 'Cards[3].Cards[1].Cards', Message: 'is needed by a card of the type Category' },
      { Path: 'Cards[3].Cards[1].Type', Message: 'a category holds no categories' },
      { Path: 'Cards[4].Url', Message: 'is needed by a card of the type Link' },
      { Path: 'Cards[4].Html', Message: 'is no property of a card of the type Link' },
    ])
    expect((await refusal('PUT', `/marketplaces/${id}`, { Cards: [{ Type: 'picture' }] }))[2]).toEqual([
      { Path: 'Cards[0].Type', Message: 'must be Package, Category, Text or Link' },
    ])
    expect((await refusal('PUT', `/marketplaces/${id}`, { Cards: [{ Type: 'Link', Title: 'x', Url: 'javascript:alert(1)' }] }))[0]).toBe(400)
  })
})

describe('an integration package', () => {
  it('has an integer id, unique over all marketplaces, and the defaults', async () => {
    const [first, second] = [idOf(await make()), idOf(await make())]
    const one = await madePackage(first)
    expect(one).toEqual({
      Id: expect.any(Number),
      Name: 'Orders',
      Description: '',
      Image: null,
      TemplateIds: [expect.any(String)],
      InstalledMessage: '',
      SingleInstallation: false,
      RedirectBack: false,
      AutoStart: true,
    })
    const two = await madePackage(second)
    expect(idOf(two)).not.toBe(idOf(one))
    expect((await api.v1('GET', `/marketplaces/${first}/packages`)).json).toEqual([one])
    expect((await api.v1('GET', `/marketplaces/${first}/packages/${idOf(one)}`)).json).toEqual(one)
    expect((await refusal('GET', `/marketplaces/${first}/packages/${idOf(two)}`)).slice(0, 2)).toEqual([404, 'package_not_found'])
    expect((await refusal('GET', `/marketplaces/999999/packages`)).slice(0, 2)).toEqual([404, 'marketplace_not_found'])
  })

  it('changes only in what is sent, and null sets the default', async () => {
    const id = idOf(await make())
    const all = { Description: 'd', Image: 'https://a.example/i.png', InstalledMessage: '<b>', SingleInstallation: true, RedirectBack: true, AutoStart: false }
    const one = await madePackage(id, all)
    expect(one).toMatchObject(all)
    const path = `/marketplaces/${id}/packages/${idOf(one)}`
    expect((await api.v1('PUT', path, { body: { Name: 'New' } })).json).toEqual({ ...Object(one), Name: 'New' })
    expect((await api.v1('PUT', path, { body: { AutoStart: null, Image: null, Description: null } })).json).toMatchObject({
      AutoStart: true,
      Image: null,
      Description: '',
      RedirectBack: true,
    })
  })

  it('takes templates that are there and have a live release, each once', async () => {
    const id = idOf(await make())
    const [live, unknown] = [await template(), randomUUID()]
    const draft = String(at((await api.v1('POST', '/templates', { body: { Definition: smallCycle } })).json, 'Id'))
    expect((await refusal('POST', `/marketplaces/${id}/packages`, { Name: 'x', TemplateIds: [live, live.toUpperCase(), unknown, draft, 'y'] }))[2]).toEqual([
      { Path: 'TemplateIds[1]', Message: 'stands there already' },
      { Path: 'TemplateIds[2]', Message: 'there is no such template' },
      { Path: 'TemplateIds[3]', Message: 'the template "Small" has no live release: promote its draft first' },
      { Path: 'TemplateIds[4]', Message: 'must be the GUID of a template' },
    ])
    for (const body of [{ Name: 'x' }, { Name: 'x', TemplateIds: [] }, { TemplateIds: [live] }, { Name: 'x', TemplateIds: [live], Image: 'data:x' }])
      expect((await refusal('POST', `/marketplaces/${id}/packages`, body))[0]).toBe(400)
  })

  it('keeps its marketplace and its templates from being deleted, and is kept by accounts that have it', async () => {
    const id = idOf(await make())
    const one = await madePackage(id)
    expect((await refusal('DELETE', `/marketplaces/${id}`)).slice(0, 2)).toEqual([409, 'marketplace_in_use'])
    expect((await refusal('DELETE', `/templates/${String(at(one, 'TemplateIds[0]'))}`)).slice(0, 2)).toEqual([409, 'template_in_use'])
    const account = await api.registry.accounts.find(await api.account())
    if (account === undefined) throw new Error('there is no account')
    const installations = api.registry.installations.of(account.id)
    const packageId = String(idOf(one))
    await installations.create(packageId, { packageId, marketplaceId: String(id), cycles: [], installedAt: 1, status: 'Started' })
    expect((await refusal('DELETE', `/marketplaces/${id}/packages/${packageId}`)).slice(0, 2)).toEqual([409, 'package_in_use'])
    await installations.remove(packageId)
    for (const path of [`/marketplaces/${id}/packages/${packageId}`, `/marketplaces/${id}`, `/templates/${String(at(one, 'TemplateIds[0]'))}`])
      expect((await api.v1('DELETE', path)).status).toBe(204)
  })
})

it('marketplaces and packages come back from an export with their ids, cards and secrets', async () => {
  const other = await apiHarness({ encryptionKey })
  const id = idOf(await make({ NotificationUrl: 'https://a.example' }))
  const one = await madePackage(id, { Image: 'https://a.example/i.png' })
  await api.v1('PUT', `/marketplaces/${id}`, { body: { Cards: [{ Type: 'Category', Title: 'x', Cards: [{ Type: 'Package', PackageId: idOf(one) }] }] } })
  await api.v1('POST', `/marketplaces/${id}/secret`)
  const document = (await api.v1('GET', '/export')).json
  expect(JSON.stringify(document)).not.toContain('whsec_')
  const imported = await other.v1('POST', '/import', { body: document })
  expect([imported.status, JSON.stringify(imported.json)]).toEqual([200, expect.stringContaining('"Name":"Marketplaces"')])
  for (const path of [`/marketplaces/${id}`, `/marketplaces/${id}/packages/${idOf(one)}`])
    expect((await other.v1('GET', path)).json).toEqual((await api.v1('GET', path)).json)
  expect(await other.registry.marketplaces.get(String(id))).toEqual(await api.registry.marketplaces.get(String(id)))
  expect(idOf((await other.v1('POST', '/marketplaces', { body: { Name: 'Next' } })).json)).toBeGreaterThan(id)
  expect((await other.v1('POST', '/import', { body: document })).status).toBe(200)
  await other.close()
})
