import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiHarness, at, CLIENT, type ApiHarness, type Reply } from './harness.ts'

let api: ApiHarness
beforeAll(async () => {
  api = await apiHarness()
})
afterAll(() => api.close())

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const form = (fields: { [name: string]: string }, headers: { [name: string]: string } = {}): Promise<Reply> =>
  api.call('POST', '/oauth/token', { raw: new URLSearchParams(fields).toString(), headers: { ...FORM, ...headers } })
const credentials = { client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret }
const basic = (id: string, secret: string) => ({ authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` })

describe('POST /oauth/token', () => {
  it('answers a bearer token for the right credentials in the form', async () => {
    const reply = await form({ grant_type: 'client_credentials', ...credentials })
    expect(reply.status).toBe(200)
    expect(reply.json).toEqual({ access_token: expect.any(String), token_type: 'bearer', expires_in: 1_209_599, clientId: CLIENT.clientId })
    expect(reply.headers.get('cache-control')).toBe('no-store')
  })

  it('takes the credentials by HTTP basic', async () => {
    expect((await form({ grant_type: 'client_credentials' }, basic(CLIENT.clientId, CLIENT.clientSecret))).status).toBe(200)
  })

  it.each([
    ['a wrong secret', { grant_type: 'client_credentials', ...credentials, client_secret: 'wrong' }, {}],
    ['a wrong client', { grant_type: 'client_credentials', ...credentials, client_id: 'wrong' }, {}],
    ['no credentials', { grant_type: 'client_credentials' }, {}],
    ['a wrong secret by HTTP basic', { grant_type: 'client_credentials' }, basic(CLIENT.clientId, 'wrong')],
  ])('answers %s with 401 invalid_client', async (_, fields, headers) => {
    const reply = await form(fields, headers)
    expect(reply.status).toBe(401)
    expect(reply.json).toEqual({ error: 'invalid_client' })
  })

  it.each([
    ['another grant', { grant_type: 'password', ...credentials }, 'unsupported_grant_type'],
    ['no grant', credentials, 'invalid_request'],
    ['an unknown account as scope', { grant_type: 'client_credentials', ...credentials, scope: 'account:nobody' }, 'invalid_scope'],
    ['another scope', { grant_type: 'client_credentials', ...credentials, scope: 'everything' }, 'invalid_scope'],
  ])('answers %s with 400', async (_, fields, error) => {
    const reply = await form(fields)
    expect(reply.status).toBe(400)
    expect(at(reply.json, 'error')).toBe(error)
  })

  it('takes no body but a form', async () => {
    const reply = await api.call('POST', '/oauth/token', { body: { grant_type: 'client_credentials', ...credentials } })
    expect(reply.status).toBe(401)
  })
})

describe('calls under /v1.0', () => {
  it.each([{}, { authorization: 'Bearer wrong' }, { authorization: 'Basic abc' }, { authorization: 'Bearer' }])('want a valid token: %j', async headers => {
    for (const path of ['/accounts', '/cycles', '/nothing']) {
      const reply = await api.call('GET', `/v1.0${path}`, { headers })
      expect(reply.status).toBe(401)
      expect(at(reply.json, 'Code')).toBe('token_invalid')
    }
  })

  it('at account level take the account by API id or GUID, under either header', async () => {
    const account = await api.account()
    const guid = String(at((await api.v1('GET', `/accounts/${account}`)).json, 'AccountId'))
    for (const named of [account, guid, guid.toUpperCase()]) expect((await api.v1('GET', '/cycles', { account: named })).status).toBe(200)
    expect((await api.v1('GET', '/cycles', { headers: { 'x-account': account } })).status).toBe(200)
  })

  it('at account level answer 401 without an account, and with one that is not there', async () => {
    for (const headers of [{}, { 'x-cyclr-account': 'nobody' }]) {
      const reply = await api.v1('GET', '/cycles', { headers })
      expect(reply.status).toBe(401)
      expect(at(reply.json, 'Code')).toBe('account_missing')
    }
  })

  it('with a restricted token reach that account alone, and nothing of the partner', async () => {
    const [own, other] = [await api.account(), await api.account()]
    const token = await api.token(`account:${own}`)
    expect((await api.v1('GET', '/cycles', { token })).status).toBe(200)
    expect((await api.v1('GET', '/cycles', { token, account: own })).status).toBe(200)
    expect((await api.v1('GET', '/cycles', { token, account: other })).status).toBe(401)
    const reply = await api.v1('GET', '/accounts', { token })
    expect(reply.status).toBe(403)
    expect(at(reply.json, 'Code')).toBe('token_restricted')
  })

  it('with a token restricted to an account that is gone answer 401', async () => {
    const account = await api.account()
    const token = await api.token(`account:${account}`)
    await api.v1('DELETE', `/accounts/${account}`)
    expect((await api.v1('GET', '/cycles', { token })).status).toBe(401)
  })
})
