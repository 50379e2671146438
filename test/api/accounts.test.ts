import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiHarness, at, fieldsOf, smallCycle, type ApiHarness } from './harness.ts'

let api: ApiHarness
beforeAll(async () => {
  api = await apiHarness()
})
afterAll(() => api.close())

describe('accounts', () => {
  it('are made, shown by API id and by GUID, changed and deleted', async () => {
    const id = randomUUID().slice(0, 8)
    const made = await api.v1('POST', '/accounts', { body: { Id: id, Name: 'Acme', Description: 'A shop', Timezone: 'Europe/Berlin' } })
    expect(made.status).toBe(201)
    expect(made.headers.get('location')).toBe(`/v1.0/accounts/${id}`)
    expect(made.json).toEqual({
      Id: id,
      AccountId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      Name: 'Acme',
      Description: 'A shop',
      Timezone: 'Europe/Berlin',
      TransactionErrorWebhookUrl: null,
      IncludeWarnings: null,
      MaxConcurrency: null,
      CreatedDate: expect.stringMatching(/Z$/),
    })
    const guid = String(at(made.json, 'AccountId'))
    expect((await api.v1('GET', `/accounts/${guid}`)).json).toEqual(made.json)
    const changed = await api.v1('PUT', `/accounts/${id}`, { body: { Id: id, Name: 'Acme Ltd' } })
    expect(changed.json).toEqual({ ...fieldsOf(made.json), Name: 'Acme Ltd' })
    expect((await api.v1('DELETE', `/accounts/${id}`)).status).toBe(204)
    const gone = await api.v1('GET', `/accounts/${id}`)
    expect([gone.status, at(gone.json, 'Code')]).toEqual([404, 'account_not_found'])
  })

  it('get their GUID as API id, and UTC, where nothing is given', async () => {
    for (const nothing of [{}, { Id: null, Timezone: null }]) {
      const { json } = await api.v1('POST', '/accounts', { body: { Name: 'Acme', ...nothing } })
      expect(at(json, 'Id')).toBe(at(json, 'AccountId'))
      expect(at(json, 'Timezone')).toBe('UTC')
    }
  })

  it('refuse an id that is taken, in these words', async () => {
    const account = await api.account()
    const reply = await api.v1('POST', '/accounts', { body: { Id: account, Name: 'Other' } })
    expect(reply.status).toBe(400)
    expect(reply.json).toEqual({ Message: 'ID already in use', Code: 'id_taken' })
  })

  it('are read without regard to the case of names', async () => {
    const id = randomUUID()
    const reply = await api.v1('POST', '/accounts', { body: { ID: id, nAME: 'Acme', TIMEZONE: 'UTC' } })
    expect(reply.status).toBe(201)
    expect(at(reply.json, 'Name')).toBe('Acme')
  })

  it.each([
    [{ Id: 'x' }, 'Name'],
    [{ Name: '' }, 'Name'],
    [{ Name: 5 }, 'Name'],
    [{ Name: 'Acme', Timezone: 'Mars/Phobos' }, 'Timezone'],
    [{ Name: 'Acme', Id: ' x' }, 'Id'],
    [{ Name: 'Acme', Id: 'é' }, 'Id'],
  ])('refuse %j, naming the property', async (body, path) => {
    const reply = await api.v1('POST', '/accounts', { body })
    expect(reply.status).toBe(400)
    expect(at(reply.json, 'Code')).toBe('request_invalid')
    expect(at(reply.json, 'Errors[0].Path')).toBe(path)
    expect(at(reply.json, 'Errors[0].Message')).toEqual(expect.any(String))
  })

  it('have a limit of transactions that run at once, which can be set, changed and taken away', async () => {
    const id = randomUUID()
    const made = await api.v1('POST', '/accounts', { body: { Id: id, Name: 'Acme', MaxConcurrency: 3 } })
    expect(at(made.json, 'MaxConcurrency')).toBe(3)
    expect(at((await api.v1('PUT', `/accounts/${id}`, { body: { Name: 'Acme Ltd' } })).json, 'MaxConcurrency')).toBe(3)
    expect(at((await api.v1('PUT', `/accounts/${id}`, { body: { MaxConcurrency: 1 } })).json, 'MaxConcurrency')).toBe(1)
    expect(at((await api.v1('GET', `/accounts/${id}`)).json, 'MaxConcurrency')).toBe(1)
    expect(at((await api.v1('PUT', `/accounts/${id}`, { body: { MaxConcurrency: null } })).json, 'MaxConcurrency')).toBeNull()
    for (const wrong of [0, -1, 1.5, '2', true]) {
      const refused = await api.v1('PUT', `/accounts/${id}`, { body: { MaxConcurrency: wrong } })
      expect([refused.status, at(refused.json, 'Errors[0].Path')]).toEqual([400, 'MaxConcurrency'])
    }
  })

  it('refuse to change their API id', async () => {
    const account = await api.account()
    expect((await api.v1('PUT', `/accounts/${account}`, { body: { Id: 'other' } })).status).toBe(400)
  })

  it('take their cycles with them', async () => {
    const account = await api.account()
    const cycle = await api.v1('POST', '/cycles', { account, body: { Definition: smallCycle } })
    const url = String(at(cycle.json, 'Webhooks[0].Url'))
    expect((await api.v1('GET', `/webhooks?identifier=${encodeURIComponent(url)}`)).status).toBe(200)
    expect((await api.v1('DELETE', `/accounts/${account}`)).status).toBe(204)
    expect((await api.v1('GET', `/webhooks?identifier=${encodeURIComponent(url)}`)).status).toBe(404)
  })
})

describe('lists', () => {
  it('come in pages, with their number in Total-Pages', async () => {
    const own = await apiHarness()
    for (let n = 0; n < 5; n++) await own.account()
    const second = await own.v1('GET', '/accounts?page=2&pageSize=2')
    expect(second.json).toHaveLength(2)
    expect(second.headers.get('total-pages')).toBe('3')
    expect((await own.v1('GET', '/accounts?PAGE=9&pagesize=2')).json).toEqual([])
    expect((await own.v1('GET', '/accounts')).json).toHaveLength(5)
    await own.close()
  })

  it.each(['pageSize=0', 'pageSize=501', 'pageSize=x', 'pageSize=1.5', 'page=0', 'page=-1', 'page=', 'page=1&page=2'])('refuse %s', async query => {
    for (const path of ['/accounts', '/cycles']) {
      const reply = await api.v1('GET', `${path}?${query}`, { account: await api.account() })
      expect(reply.status).toBe(400)
      expect(at(reply.json, 'Code')).toBe('request_invalid')
    }
  })
})
