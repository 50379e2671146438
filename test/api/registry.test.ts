import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asCycleId } from '../../domain/ids.ts'
import { apiHarness, apiPair, at, fieldsOf, smallCycle, type ApiHarness, type Loose, type Sent } from './harness.ts'

let api: ApiHarness
let other: ApiHarness
beforeAll(async () => {
  ;({ api, other } = await apiPair())
})
afterAll(() => Promise.all([api.close(), other.close()]))

const secretCycle = {
  name: 'Secret',
  variables: [{ name: 'token', secret: true, value: 'the secret value' }],
  steps: [
    { id: 'order', type: 'webhook', verify: { scheme: 'header', header: 'X-Key', value: 'agreed upon' }, next: 'update' },
    { id: 'update', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' } },
  ],
}

const listOf = (value: Loose | undefined): readonly Loose[] => (Array.isArray(value) ? value : [])
const guidOf = (value: Loose): string => String(at(value, 'Id'))

/** An export with an account that has an active cycle, a paused one and one that was edited and stopped. */
async function exported(): Promise<{ readonly account: string; readonly document: Loose; readonly cycles: readonly Loose[] }> {
  const account = await api.account()
  const make = async (definition: object): Promise<Loose> => (await api.v1('POST', '/cycles', { account, body: { Definition: definition } })).json
  const [active, paused, stopped] = [await make(secretCycle), await make(smallCycle), await make(smallCycle)]
  await api.v1('PUT', `/cycles/${guidOf(active)}/activate`, { account })
  await api.v1('PUT', `/cycles/${guidOf(stopped)}`, { account, body: { Definition: { ...smallCycle, name: 'Edited' } } })
  await api.v1('PUT', `/cycles/${guidOf(stopped)}/activate`, { account })
  await api.v1('PUT', `/cycles/${guidOf(stopped)}/deactivate`, { account })
  const { status, json } = await api.v1('GET', `/export?account=${account}`)
  expect(status).toBe(200)
  const shown = async (cycle: Loose): Promise<Loose> => (await api.v1('GET', `/cycles/${guidOf(cycle)}`, { account })).json
  return { account, document: json, cycles: [await shown(active), await shown(paused), await shown(stopped)] }
}

const changed = (document: Loose, change: object): Sent => ({ body: { ...fieldsOf(document), ...change } })

describe('an export', () => {
  it('holds accounts, cycles and settings, secrets sealed, and no tokens', async () => {
    const set = { UserAgent: 'Ours', IncludeWarnings: true, LaunchCompleteHtml: '<p>Done</p>', Css: 'p {}', EmbeddingOrigins: ['https://app.example'] }
    await api.v1('PUT', '/settings', { body: set })
    const { account, document } = await exported()
    expect(document).toMatchObject({ Format: 'flywheel-registry', Version: 1, Settings: [set] })
    expect(listOf(at(document, 'Accounts'))).toMatchObject([{ Id: account, UserId: expect.any(String), Timezone: 'UTC' }])
    expect(listOf(at(document, 'Cycles')).map(cycle => [at(cycle, 'Status'), at(cycle, 'Version')])).toEqual([
      ['Active', 1],
      ['Paused', 1],
      ['Stopped', 2],
    ])
    const text = JSON.stringify(document)
    expect(text).not.toMatch(/the secret value|agreed upon|\*{8}/)
    expect(text.match(/sealed:k1:/g)).toHaveLength(2)
    expect(text).not.toMatch(/token:/)
  })

  it('is of all accounts, or of one', async () => {
    const { account } = await exported()
    const all = await api.v1('GET', '/export')
    expect(listOf(at(all.json, 'Accounts')).length).toBeGreaterThan(1)
    expect(listOf(at((await api.v1('GET', `/export?account=${account}`)).json, 'Accounts'))).toHaveLength(1)
    expect((await api.v1('GET', '/export?account=nobody')).status).toBe(404)
  })

  it("is the partner's alone", async () => {
    const account = await api.account()
    const token = await api.token(`account:${account}`)
    for (const [method, path] of [
      ['GET', '/export'],
      ['POST', '/import'],
      ['POST', '/reindex'],
    ] as const)
      expect((await api.v1(method, path, { token, ...(path === '/import' ? { body: {} } : {}) })).status).toBe(403)
  })
})

describe('an import', () => {
  it('brings everything back with its ids, URLs, version and state, and may be repeated', async () => {
    const { account, document, cycles } = await exported()
    const first = await other.v1('POST', '/import', { body: document })
    expect([first.status, first.json]).toEqual([
      200,
      expect.arrayContaining([
        { Name: 'Settings', Made: expect.any(Number), Unchanged: expect.any(Number) },
        { Name: 'Accounts', Made: 1, Unchanged: 0 },
        { Name: 'Cycles', Made: 3, Unchanged: 0 },
      ]),
    ])
    for (const cycle of cycles) expect((await other.v1('GET', `/cycles/${guidOf(cycle)}`, { account })).json).toEqual(cycle)
    const again = await other.v1('POST', '/import', { body: document })
    expect(again.json).toEqual(
      expect.arrayContaining([
        { Name: 'Accounts', Made: 0, Unchanged: 1 },
        { Name: 'Cycles', Made: 0, Unchanged: 3 },
      ]),
    )
    const exportedAgain = (await other.v1('GET', `/export?account=${account}`)).json
    for (const list of ['Accounts', 'Cycles']) expect(at(exportedAgain, list)).toEqual(at(document, list))
    // Nothing that users did since is undone by a repeat.
    await other.v1('PUT', `/cycles/${guidOf(cycles[0] ?? null)}/deactivate`, { account })
    expect((await other.v1('POST', '/import', { body: document })).status).toBe(200)
    expect(at((await other.v1('GET', `/cycles/${guidOf(cycles[0] ?? null)}`, { account })).json, 'Status')).toBe('Stopped')
  })

  it("brings templates back with their releases and secrets, and the partner's part by itself", async () => {
    const id = String(at((await api.v1('POST', '/templates', { body: { Definition: secretCycle } })).json, 'Id'))
    await api.v1('POST', `/templates/${id}/promote`)
    await api.v1('PUT', `/templates/${id}`, { body: { Definition: { ...secretCycle, name: 'Next' } } })
    const part = (await api.v1('GET', '/export?partner=true')).json
    expect([at(part, 'Accounts'), at(part, 'Cycles'), listOf(at(part, 'Templates')).length]).toEqual([undefined, undefined, 1])
    expect(JSON.stringify(part)).not.toMatch(/the secret value|agreed upon|\*{8}/)
    expect((await other.v1('POST', '/import', { body: part })).status).toBe(200)
    expect((await other.v1('GET', `/templates/${id}`)).json).toEqual((await api.v1('GET', `/templates/${id}`)).json)
    expect(await other.registry.templates.get(id)).toEqual(await api.registry.templates.get(id))
    expect((await other.v1('POST', '/import', { body: part })).json).toContainEqual({ Name: 'Templates', Made: 0, Unchanged: 1 })
    await api.v1('POST', `/templates/${id}/promote`)
    const changedSince = await other.v1('POST', '/import', { body: (await api.v1('GET', '/export?partner=true')).json })
    expect([changedSince.status, at(changedSince.json, 'Errors[0].Message')]).toEqual([409, expect.stringContaining('is there with other properties')])
    const { account } = await exported()
    expect(at((await api.v1('GET', `/export?account=${account}`)).json, 'Templates')).toBeUndefined()
    expect((await api.v1('GET', `/export?account=${account}&partner=true`)).status).toBe(400)
  })

  it('keeps what is installed', async () => {
    const account = await api.account()
    const { id } = (await api.registry.accounts.find(account)) ?? {}
    if (id === undefined) throw new Error('there is no account')
    const cycles = [{ cycleId: asCycleId(randomUUID()), templateId: randomUUID(), templateReleaseId: randomUUID() }]
    const installation = { packageId: '7', marketplaceId: '1', cycles, completeParameter: 'x', installedAt: 5_000, status: 'Started' as const }
    await api.registry.installations.of(id).create('7', installation)
    const { json } = await api.v1('GET', `/export?account=${account}`)
    for (const made of [1, 0]) {
      const { status, json: told } = await other.v1('POST', '/import', { body: json })
      expect([status, told]).toMatchObject([200, expect.arrayContaining([{ Name: 'Installations', Made: made, Unchanged: 1 - made }])])
    }
    expect(await other.registry.installations.of(id).get('7')).toEqual(await api.registry.installations.of(id).get('7'))
    expect(await other.registry.installations.of(id).get('7')).toMatchObject({ value: installation })
  })

  it('keeps the release that a cycle came from, and its account connectors', async () => {
    const account = await api.account()
    const { id } = (await api.registry.accounts.find(account)) ?? {}
    if (id === undefined) throw new Error('there is no account')
    const place = { account: id, cycle: asCycleId(randomUUID()) }
    await api.inbox.create(place, 1)
    const stored = {
      place,
      version: 1,
      createdAt: 1_000,
      updatedAt: 1_000,
      document: { name: 'Small', steps: [{ id: 'a', type: 'webhook' as const }] },
      identifiers: {},
      origin: { templateId: randomUUID(), releaseId: randomUUID(), packageId: '12' },
      accountConnectors: { 'Example Shop': randomUUID() },
    }
    await api.registry.cycles.create(stored)
    const { json } = await api.v1('GET', `/export?account=${account}`)
    expect((await other.v1('POST', '/import', { body: json })).status).toBe(200)
    expect(await other.registry.cycles.get(place)).toEqual(stored)
    expect((await other.v1('GET', `/cycles/${place.cycle}`, { account })).json).toMatchObject({
      TemplateId: stored.origin.templateId,
      TemplateReleaseId: stored.origin.releaseId,
    })
  })

  it('refuses what is no export, or one of a newer version, in these words', async () => {
    const { document } = await exported()
    const refused = async (body: Sent): Promise<unknown[]> => {
      const { status, json } = await other.v1('POST', '/import', body)
      return [status, at(json, 'Code'), at(json, 'Message')]
    }
    expect(await refused({ body: smallCycle })).toEqual([
      400,
      'import_invalid',
      'This is no export of Flywheel: its Format is not "flywheel-registry". Send what GET /v1.0/export answered.',
    ])
    expect(await refused(changed(document, { Version: 2 }))).toEqual([400, 'import_invalid', expect.stringContaining('made by a newer Flywheel')])
    expect(await refused(changed(document, { Version: 'one' }))).toEqual([400, 'import_invalid', expect.stringContaining('no valid Version')])
    expect((await refused({ body: [] }))[0]).toBe(400)
    expect((await refused({ raw: '{', headers: { 'content-type': 'application/json' } }))[0]).toBe(400)
  })

  it('tells where a document is not as it was exported, and imports nothing of it', async () => {
    const { account, document, cycles } = await exported()
    const broken = listOf(at(document, 'Cycles')).map((cycle, n) => (n === 1 ? { ...fieldsOf(cycle), Definition: { name: 'No steps' } } : cycle))
    const { status, json } = await other.v1('POST', '/import', changed(document, { Cycles: broken }))
    expect([status, at(json, 'Errors')]).toEqual([400, [{ Path: 'Cycles[1].Definition', Message: 'must be a cycle document' }]])
    expect((await other.v1('GET', `/cycles/${guidOf(cycles[0] ?? null)}`, { account })).status).toBe(401)
  })

  it('refuses what contradicts what is there, and imports nothing of it', async () => {
    const { document, cycles } = await exported()
    await other.v1('POST', '/import', { body: document })
    const [account] = listOf(at(document, 'Accounts'))
    const conflict = async (change: object): Promise<unknown> => {
      const { status, json } = await other.v1('POST', '/import', changed(document, change))
      expect([status, at(json, 'Code')]).toEqual([409, 'import_conflict'])
      return listOf(at(json, 'Errors')).map(error => at(error, 'Message'))
    }
    expect(await conflict({ Accounts: [{ ...fieldsOf(account ?? null), Name: 'Another' }] })).toEqual([expect.stringMatching(/is there with other properties/)])
    expect(await conflict({ Accounts: [{ ...fieldsOf(account ?? null), AccountId: randomUUID() }] })).toEqual([expect.stringMatching(/has the API id/)])
    const [first, ...rest] = listOf(at(document, 'Cycles'))
    const newer = { ...fieldsOf(first ?? null), Version: 7 }
    expect(await conflict({ Cycles: [newer, ...rest] })).toEqual([`the cycle ${guidOf(cycles[0] ?? null)} is there with another document (version 1)`])
    const copied = { ...fieldsOf(first ?? null), Id: randomUUID() }
    expect(await conflict({ Cycles: [copied] })).toEqual([expect.stringMatching(/another cycle, .* has its webhook/)])
    const orphan = { ...fieldsOf(first ?? null), AccountId: randomUUID() }
    expect(await conflict({ Cycles: [orphan] })).toEqual([expect.stringMatching(/neither in the document nor there/)])
  })

  it('refuses secrets that it has no key for, and seals one that stands in clear', async () => {
    const { account, document } = await exported()
    const foreign: Loose = JSON.parse(JSON.stringify(document).replaceAll('sealed:k1:', 'sealed:k9:'))
    const stranger = await apiHarness()
    try {
      const { status, json } = await stranger.v1('POST', '/import', { body: foreign })
      expect([status, JSON.stringify(json)]).toEqual([409, expect.stringContaining('No key \\"k9\\" is among ENCRYPTION_KEYS')])
      const clear: Loose = JSON.parse(JSON.stringify(document).replaceAll(/sealed:k1:[\w-]+/g, 'written in clear'))
      expect((await stranger.v1('POST', '/import', { body: clear })).status).toBe(200)
      const kept = JSON.stringify((await stranger.v1('GET', `/export?account=${account}`)).json)
      expect(kept).not.toContain('written in clear')
    } finally {
      await stranger.close()
    }
  })

  it('may be larger than other calls', async () => {
    const { document } = await exported()
    const large = { ...fieldsOf(document), Ignored: 'x'.repeat(3 << 20) }
    expect((await other.v1('POST', '/import', { body: large })).status).toBe(200)
    expect((await other.v1('POST', '/accounts', { body: large })).status).toBe(413)
  })
})

describe('a registry that is lost', () => {
  it('answers 503 to everything but health, metrics, tokens and the import, which ends it', async () => {
    const lost = await apiHarness()
    try {
      const account = await lost.account()
      const made = await lost.v1('POST', '/cycles', { account, body: { Definition: smallCycle } })
      const document = (await lost.v1('GET', '/export')).json
      await lost.redis.flushdb()
      const token = await lost.token()
      const calls = [
        ['GET', '/accounts'],
        ['POST', '/accounts'],
        ['GET', `/cycles/${guidOf(made.json)}`],
        ['GET', '/export'],
        ['POST', '/reindex'],
        ['GET', '/nothing'],
        ['DELETE', '/import'],
      ] as const
      for (const sent of [{ account }, { account, token }]) {
        for (const [method, path] of calls) {
          const { status, json, headers } = await lost.v1(method, path, { ...sent, ...(method === 'POST' ? { body: { Name: 'Acme' } } : {}) })
          expect([method, path, status, at(json, 'Code'), headers.get('retry-after')]).toEqual([method, path, 503, 'service_unavailable', '5'])
          expect(at(json, 'Message')).toContain('flywheel import')
        }
      }
      const scoped = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: 'partner',
        client_secret: 'a-secret-of-the-partner',
        scope: `account:${account}`,
      })
      const form = { raw: scoped.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } }
      expect((await lost.call('POST', '/oauth/token', form)).status).toBe(503)
      for (const path of ['/healthz', '/readyz', '/metrics', '/docs', '/openapi.json']) expect((await lost.call('GET', path)).status).toBe(200)
      expect((await lost.v1('POST', '/import', { body: document })).status).toBe(401)

      const half = { ...fieldsOf(document), Cycles: [] }
      expect((await lost.v1('POST', '/import?more=true', { token, body: half })).status).toBe(200)
      expect((await lost.v1('GET', '/accounts', { token })).status).toBe(503)
      expect((await lost.v1('POST', '/import', { token, body: document })).status).toBe(200)
      expect((await lost.v1('GET', `/cycles/${guidOf(made.json)}`, { token, account })).json).toEqual(made.json)
    } finally {
      await lost.close()
    }
  })

  it('says so too where Temporal cannot tell whether there was one, and is fresh where it says that there was none', async () => {
    let silent = true
    const fresh = await apiHarness({
      marker: { get: () => (silent ? Promise.reject(new Error('no answer')) : Promise.resolve(false)), set: () => Promise.resolve() },
    })
    try {
      const { status, json } = await fresh.v1('GET', '/accounts')
      expect([status, at(json, 'Message')]).toEqual([503, 'Redis holds no registry, and Temporal cannot be asked whether there was one. Try again.'])
      silent = false
      await expect.poll(async () => (await fresh.v1('GET', '/accounts')).status, { timeout: 10_000 }).toBe(200)
    } finally {
      await fresh.close()
    }
  })
})

describe('a reindex', () => {
  it('is requested, and its progress shown', async () => {
    expect((await api.v1('GET', '/reindex')).json).toMatchObject({ Status: 'None', StartedAt: null, Problem: null })
    const { status, json } = await api.v1('POST', '/reindex')
    expect([status, at(json, 'Status')]).toEqual([202, 'Requested'])
  })
})
