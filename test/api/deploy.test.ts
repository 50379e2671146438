import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSession } from '../../api/pages/session.ts'
import { asAccountId } from '../../domain/ids.ts'
import { ownPage } from '../../api/routes/sign-in.ts'
import { createSealer, parseEncryptionKeys } from '../../platform/seal.ts'
import { apiHarness, at, type ApiHarness, type Loose, type Reply } from './harness.ts'

const encryptionKey = Buffer.alloc(32, 9).toString('base64')
const sealer = createSealer(parseEncryptionKeys(`k1:${encryptionKey}`))
let api: ApiHarness
let marketplace: number
beforeAll(async () => {
  api = await apiHarness({ encryptionKey })
  const made = await api.v1('POST', '/marketplaces', {
    body: { Name: 'Shop <b>', ReturnOrigins: ['https://app.example'], EmbeddingOrigins: ['https://frame.example'] },
  })
  marketplace = Number(at(made.json, 'Id'))
})
afterAll(() => api.close())

const deploy = (account: string, body: object = {}): Promise<Reply> =>
  api.v1('POST', `/accounts/${encodeURIComponent(account)}/marketplace`, { body: { MarketplaceId: marketplace, ...body } })
const launch = (account: string, body?: object): Promise<Reply> =>
  api.v1('POST', `/accounts/${encodeURIComponent(account)}/launch`, body === undefined ? {} : { body })
const visitOf = async (reply: Reply) => api.registry.signIns.take(String(at(reply.json, 'Token')))

/** As a browser opens a link: the answer, without following it. */
async function open(url: Loose | undefined, options: { method?: string; cookie?: string } = {}) {
  const { pathname, search } = new URL(String(url))
  const headers = options.cookie === undefined ? {} : { cookie: options.cookie }
  const answer = await fetch(api.base + pathname + search, { method: options.method ?? 'GET', redirect: 'manual', headers })
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

describe('a deploy call', () => {
  it('makes an unknown account and answers a link that works for 5 minutes', async () => {
    const id = `new-${randomUUID()}`
    const reply = await deploy(id, { AccountDescription: 'd' })
    expect(reply.status).toBe(200)
    const token = String(at(reply.json, 'Token'))
    expect(reply.json).toEqual({
      AccountId: id,
      ExpiresAtUtc: expect.stringMatching(/Z$/),
      MarketplaceUrl: `http://hooks.example/account/signinwithtoken?token=${token}&returnUrl=%2Faccount%2Fmarketplace`,
      Token: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    })
    expect(Math.abs(Date.parse(String(at(reply.json, 'ExpiresAtUtc'))) - Date.now() - 300_000)).toBeLessThan(30_000)
    const account = (await api.v1('GET', `/accounts/${id}`)).json
    expect(account).toMatchObject({ Id: id, Name: id, Description: 'd' })
    expect(at((await deploy(id, { AccountName: 'Other' })).json, 'AccountId')).toBe(id)
    expect((await api.v1('GET', `/accounts/${id}`)).json).toEqual(account)
    // By its GUID it is the same account.
    expect(at((await deploy(String(at(account, 'AccountId')))).json, 'AccountId')).toBe(id)
    const named = await launch(`named ${id}`, { AccountName: 'Acme' })
    expect(at((await api.v1('GET', `/accounts/${encodeURIComponent(`named ${id}`)}`)).json, 'Name')).toBe('Acme')
    expect(at(named.json, 'LaunchUrl')).toMatch(/&returnUrl=%2Faccount%2Flaunch$/)
  })

  it('makes one account where several race for it', async () => {
    const id = `race-${randomUUID()}`
    const replies = await Promise.all([1, 2, 3, 4, 5, 6].map(() => deploy(id)))
    expect(replies.map(({ status }) => status)).toEqual(Array(6).fill(200))
    const accounts = await Promise.all(replies.map(async reply => (await visitOf(reply))?.account))
    expect(new Set(accounts).size).toBe(1)
  })

  it('keeps the token only hashed, and credentials only sealed', async () => {
    const reply = await deploy('hashed', { ConnectorAuthentications: { Name: 'Shop', AuthValue: 'very secret' } })
    const token = String(at(reply.json, 'Token'))
    const keys = await api.redis.keys('*signIn*')
    const values = await Promise.all(keys.map(key => api.redis.get(key)))
    expect(JSON.stringify([keys, values])).not.toMatch(new RegExp(`${token}|very secret`))
    for (const key of keys) expect(await api.redis.pttl(key)).toBeLessThanOrEqual(300_000)
  })

  it('reads names without regard to case, and flags and numbers also as text', async () => {
    const reply = await api.v1('POST', '/accounts/cases/marketplace', {
      body: {
        MARKETPLACEID: String(marketplace),
        inlineoauth: 'TRUE',
        completeParameter: 5,
        returnURL: 'https://app.example/back',
        targetorigin: 'https://frame.example/',
      },
    })
    expect(await visitOf(reply)).toMatchObject({
      to: { page: 'marketplace', marketplaceId: String(marketplace), returnUrl: 'https://app.example/back' },
      inlineOAuth: true,
      completeParameter: '5',
      targetOrigin: 'https://frame.example',
    })
    expect((await visitOf(await launch('cases')))?.to).toEqual({
      page: 'launch',
      start: true,
      runOnce: false,
      tags: [],
      autoInstall: true,
      singleInstall: false,
      wizard: false,
      displayDescriptions: false,
    })
    const all = { start: 'false', RunOnce: 'True', tags: 'one', AutoInstall: false, SingleInstall: 'true', WIZARD: true, displaydescriptions: 'true' }
    expect((await visitOf(await launch('cases', all)))?.to).toEqual({
      page: 'launch',
      start: false,
      runOnce: true,
      tags: ['one'],
      autoInstall: false,
      singleInstall: true,
      wizard: true,
      displayDescriptions: true,
    })
  })

  it('takes connector authentications as a list or one by itself', async () => {
    const one = {
      name: 'Shop',
      AUTHVALUE: 12,
      Properties: [
        { Name: 'subdomain', value: 'acme' },
        { NAME: 'live', Value: true },
      ],
    }
    const kept = [
      {
        name: 'Shop',
        authValue: '12',
        properties: [
          { name: 'subdomain', value: 'acme' },
          { name: 'live', value: 'true' },
        ],
      },
    ]
    for (const ConnectorAuthentications of [one, [one]]) {
      for (const reply of [await deploy('auths', { ConnectorAuthentications }), await launch('auths', { ConnectorAuthentications })]) {
        const visit = await visitOf(reply)
        expect(JSON.parse(sealer.open(visit?.connectorAuthentications ?? ''))).toEqual(kept)
      }
    }
    expect((await visitOf(await launch('auths', { ConnectorAuthentications: [] })))?.connectorAuthentications).toBeUndefined()
  })

  it('is refused with what is wrong', async () => {
    const refused = async (reply: Promise<Reply>): Promise<unknown[]> => {
      const { status, json } = await reply
      return [status, at(json, 'Code'), at(json, 'Errors[0].Path')]
    }
    expect(await refused(deploy('x', { MarketplaceId: 99_999 }))).toEqual([404, 'marketplace_not_found', undefined])
    expect(await refused(deploy('x', { MarketplaceId: 'one' }))).toEqual([400, 'request_invalid', 'MarketplaceId'])
    expect(await refused(deploy('x', { InlineOAuth: 'yes' }))).toEqual([400, 'request_invalid', 'InlineOAuth'])
    expect(await refused(deploy('x', { ReturnUrl: 'https://elsewhere.example/' }))).toEqual([400, 'request_invalid', 'ReturnUrl'])
    expect(await refused(deploy('x', { ReturnUrl: 'https://app.example.evil.example/' }))).toEqual([400, 'request_invalid', 'ReturnUrl'])
    expect(await refused(deploy('x', { ReturnUrl: 'javascript:alert(1)' }))).toEqual([400, 'request_invalid', 'ReturnUrl'])
    expect(await refused(deploy('x', { TargetOrigin: '*' }))).toEqual([400, 'request_invalid', 'TargetOrigin'])
    expect(await refused(deploy('x', { ConnectorAuthentications: [{ AuthValue: 'a' }] }))).toEqual([400, 'request_invalid', 'ConnectorAuthentications'])
    expect(await refused(deploy(' spaced '))).toEqual([400, 'request_invalid', 'Id'])
    // Nothing was made for them.
    expect((await api.v1('GET', '/accounts/x')).status).toBe(404)
    const token = await api.token(`account:${await api.account()}`)
    expect((await api.v1('POST', '/accounts/x/launch', { token, body: {} })).status).toBe(403)
  })
})

describe('the link of a deploy call', () => {
  it('opens a session once, and afterwards a page says that it has expired', async () => {
    const url = at((await deploy('once')).json, 'MarketplaceUrl')
    const first = await open(url)
    expect([first.status, first.headers.get('location')]).toEqual([303, 'http://hooks.example/account/marketplace'])
    expect(first.headers.get('cache-control')).toBe('no-store')
    const cookie = String(first.headers.get('set-cookie')).split(';')[0] ?? ''
    const page = await open(first.headers.get('location'), { cookie: `other=1; ${cookie}` })
    expect(page.status).toBe(200)
    expect(page.text).toContain('Shop &lt;b>')
    expect(page.headers.get('content-security-policy')).toContain('frame-ancestors https://frame.example')
    const second = await open(url)
    expect([second.status, second.headers.get('content-type'), second.headers.get('set-cookie')]).toEqual([401, 'text/html; charset=utf-8', null])
    expect(second.text).toContain('This link has expired')
  })

  it('lets one of many browsers in that race for it', async () => {
    const url = at((await launch('race')).json, 'LaunchUrl')
    const answers = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(() => open(url)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([303, ...Array<number>(7).fill(401)])
  })

  it('is not used up by HEAD', async () => {
    const url = at((await deploy('head')).json, 'MarketplaceUrl')
    expect((await open(url, { method: 'HEAD' })).headers.get('set-cookie')).toBe(null)
    expect((await open(url)).status).toBe(303)
  })

  it('ends after five minutes, with its account, and where there is no token', async () => {
    const late = await deploy('late')
    for (const key of await api.redis.keys('signIn:*')) await api.redis.pexpire(key, 1)
    await expect.poll(async () => (await api.redis.keys('signIn:*')).length).toBe(0)
    expect((await open(at(late.json, 'MarketplaceUrl'))).status).toBe(401)
    const url = at((await deploy('gone')).json, 'MarketplaceUrl')
    await api.v1('DELETE', '/accounts/gone')
    expect((await open(url)).status).toBe(401)
    expect((await open('http://x/account/signinwithtoken')).status).toBe(401)
    expect((await open('http://x/account/signinwithtoken?token=none')).status).toBe(401)
    expect((await open('http://x/account/marketplace')).text).toContain('Your session has ended')
    expect((await open('http://x/account/launch', { cookie: `flywheel_launch=${'a'.repeat(43)}` })).status).toBe(401)
  })

  it('gives a session of its own kind, that ends with its account', async () => {
    const first = await open(at((await launch('kind')).json, 'LaunchUrl'))
    const cookie = String(first.headers.get('set-cookie')).split(';')[0] ?? ''
    expect((await open('http://x/account/launch', { cookie })).status).toBe(200)
    expect((await open('http://x/account/marketplace', { cookie })).status).toBe(401)
    await api.v1('DELETE', '/accounts/kind')
    expect((await open('http://x/account/launch', { cookie })).status).toBe(401)
  })

  it('sets a cookie that only these pages see', async () => {
    const first = await open(at((await launch('cookie')).json, 'LaunchUrl'))
    expect(first.headers.get('set-cookie')).toMatch(/^flywheel_launch=[A-Za-z0-9_-]{43}; Path=\/account; HttpOnly; SameSite=Lax$/)
    const keys = await api.redis.keys('session:*')
    const session = /=([^;]+)/.exec(first.headers.get('set-cookie') ?? '')?.[1] ?? ''
    expect(keys.join()).not.toContain(session)
  })

  it('comes back into a frame of another site where the marketplace may be embedded', async () => {
    const visit = { account: asAccountId(randomUUID()), to: { page: 'marketplace', marketplaceId: '1' }, inlineOAuth: false } as const
    const cookie = (publicUrl: string, framed: boolean): Promise<string> =>
      openSession({ registry: api.registry, settings: { publicUrl, clientId: '', clientSecret: '' } }, visit, framed)
    expect(await cookie('https://fly.example/base', true)).toMatch(/; Path=\/base\/account; HttpOnly; SameSite=None; Secure; Partitioned$/)
    expect(await cookie('https://fly.example', false)).toMatch(/; Path=\/account; HttpOnly; SameSite=Lax; Secure$/)
    expect(await cookie('http://localhost:3000', true)).toMatch(/SameSite=None; Secure; Partitioned$/)
    expect(await cookie('http://fly.example', true)).toMatch(/HttpOnly; SameSite=Lax$/)
  })

  it('leads nowhere but into these pages', () => {
    const own = (wanted: string | undefined, base = 'https://fly.example'): string => ownPage(base, wanted, '/account/launch')
    expect(own('/account/marketplace')).toBe('https://fly.example/account/marketplace')
    expect(own('/account/marketplace/12?a=b')).toBe('https://fly.example/account/marketplace/12?a=b')
    expect(own('/account/launch', 'https://fly.example/base')).toBe('https://fly.example/base/account/launch')
    expect(own('/base/account/marketplace', 'https://fly.example/base')).toBe('https://fly.example/base/account/marketplace')
    for (const wanted of [
      undefined,
      '',
      'https://evil.example/account/marketplace',
      '//evil.example/account/marketplace',
      '/\\evil.example/account/marketplace',
      '/account/../v1.0/export',
      '/account/marketplacex',
      '/account/signinwithtoken?token=x',
      'javascript:alert(1)',
      '/\t/evil.example/account/launch',
    ])
      expect(own(wanted)).toBe('https://fly.example/account/launch')
  })
})
