import { randomUUID } from 'node:crypto'
import { ApplicationFailure } from '@temporalio/common'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createActivities, type Activities, type ActivityDeps } from '../../activities/index.ts'
import type { HttpCall, HttpResult, OutgoingCall } from '../../activities/contract.ts'
import type { Quote } from '../../activities/http/request.ts'
import type { CycleDocument, Variable } from '../../domain/document.ts'
import { MAX_VALUE_BYTES } from '../../domain/size.ts'
import { StepError } from '../../domain/errors.ts'
import { asAccountId, asCycleId, asTransactionId } from '../../domain/ids.ts'
import type { Json } from '../../domain/json.ts'
import { secretReference } from '../../domain/secrets.ts'
import { createMetrics } from '../../platform/metrics.ts'
import { ScriptError } from '../../scripting/scripting.ts'
import type { Members } from '../../storage/inbox-upkeep.ts'
import type { RegistryState } from '../../storage/registry-guard.ts'
import { createInbox } from '../../storage/redis/inbox.ts'
import { createRegistry } from '../../storage/redis/registry.ts'
import { freshRedis } from '../support/redis.ts'

const place = { account: asAccountId(randomUUID()), cycle: asCycleId(randomUUID()) }
const transaction = asTransactionId(randomUUID())
const view = { status: 'InProgress', acceptedAt: 0, values: [] } as const
const call = (more: Partial<HttpCall> = {}): HttpCall => ({
  place,
  transaction,
  stepId: 'call',
  idempotencyKey: 'key',
  method: 'POST',
  url: 'http://test/path',
  timeoutMs: 1_000,
  ...more,
})

let redis: Awaited<ReturnType<typeof freshRedis>>
let inbox: ReturnType<typeof createInbox>
let heartbeats = 0
let sent: OutgoingCall[] = []
let signalled: string[] = []

/** Activities on a real Redis; what they ask of HTTP, the sandbox and Temporal is told by the test. */
function activities(
  more: {
    http?: (call: OutgoingCall, quote: Quote) => HttpResult | Promise<HttpResult>
    variables?: Variable[]
    settings?: CycleDocument['settings']
    scripting?: Partial<ActivityDeps['scripting']>
    inbox?: Partial<ActivityDeps['inbox']>
    notifier?: ActivityDeps['notifier']
    gone?: boolean
    registry?: RegistryState
    attempt?: number
  } = {},
): Activities {
  const document: CycleDocument = {
    name: 'Test',
    steps: [],
    variables: more.variables ?? [],
    ...(more.settings === undefined ? {} : { settings: more.settings }),
  }
  return createActivities({
    inbox: { ...inbox, ...more.inbox },
    registry: createRegistry(redis.client),
    cycles: {
      reload: async () => undefined,
      get: async () =>
        more.gone === true
          ? undefined
          : {
              place,
              version: 1,
              createdAt: 0,
              updatedAt: 0,
              document,
              identifiers: {},
              hash: '',
              account: { id: place.account, apiId: 'a', name: 'A', description: '', timezone: 'UTC', createdAt: 0, userId: '' },
            },
    },
    scripting: { call: async () => ({ result: undefined, globals: {} }), evaluate: async () => undefined, defines: async () => new Set(), ...more.scripting },
    http: {
      async call(filled, _signal, quote = JSON.stringify) {
        sent.push(filled)
        return { reason: '', ...((await more.http?.(filled, quote)) ?? { status: 200, headers: {}, body: null }) }
      },
    },
    notifier: more.notifier ?? { post: async () => ({ at: 0, durationMs: 1, status: 204, answer: '' }) },
    prerequisites: async () => [],
    webhookUrl: identifier => `http://hooks.example/${identifier}`,
    sealer: {
      seal: plain => `sealed:${plain}`,
      open: sealed => sealed.slice('sealed:'.length),
      isSealed: text => text.startsWith('sealed:'),
      isCurrent: () => true,
    },
    tokens: { token: () => Promise.reject(new StepError('notAuthenticated', 'no token')) },
    rateLimits: { take: async () => 0 },
    maxPaged: 10_000,
    signals: {
      checkStop: async (_place, id) => void signalled.push(`check ${id}`),
      stop: async () => undefined,
      terminate: async (_place, id) => void signalled.push(`terminate ${id}`),
    },
    schedules: {
      put: async () => ({ madeAt: 0 }),
      remove: async cycle => void signalled.push(`no schedule ${cycle}`),
      lastDue: async () => undefined,
    },
    rootsOf: () => ({}),
    metrics: createMetrics('worker'),
    guard: { look: async () => more.registry ?? 'there' },
    runtime: () => ({ heartbeat: () => void heartbeats++, signal: new AbortController().signal, runId: 'run', attempt: more.attempt ?? 1 }),
  })
}

const failureOf = async (work: Promise<unknown>): Promise<ApplicationFailure> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ApplicationFailure)) throw new Error(`it did not fail for good: ${String(error)}`)
  expect(error.nonRetryable).toBe(true)
  return error
}

beforeEach(async () => {
  redis = await freshRedis()
  inbox = createInbox({ redis: redis.client, options: { stoppedQueueTtlMs: 1e9, retentionMs: 1e9, inboxLimit: 1e6, inboxBytes: 1e9, inboxTotalBytes: 1e9 } })
  sent = []
  signalled = []
  heartbeats = 0
})
afterEach(async () => {
  await inbox.close()
  await redis.client.quit()
})

describe('callHttp', () => {
  const variables: Variable[] = [
    { name: 'key', secret: true, value: 'sealed:s3cr3t/+' },
    { name: 'plain', value: 'visible' },
    { name: 'unset', secret: true },
  ]

  it('puts secrets in where their references stand, and nowhere else', async () => {
    const key = secretReference('key')
    await activities({ variables }).callHttp(
      call({
        url: `http://test/${key}`,
        headers: { 'x-key': key },
        body: { [key]: [`a ${key}`, secretReference('unset')] },
        auth: { type: 'bearer', token: key },
      }),
    )
    expect(sent).toMatchObject([
      {
        url: 'http://test/s3cr3t/+',
        headers: { 'x-key': 's3cr3t/+' },
        body: { 's3cr3t/+': ['a s3cr3t/+', ''] },
        auth: { token: 's3cr3t/+' },
        idempotencyKey: 'key',
      },
    ])
  })

  it('answers status, headers and body of a 2xx', async () => {
    const result = { status: 204, headers: { a: 'b' }, body: { c: 1 } }
    expect(await activities({ http: () => result }).callHttp(call())).toEqual(result)
  })

  it.each([199, 300, 404, 429, 500, 503])('fails with callFailed at a %i, with answer and request in the detail', async status => {
    const failure = await failureOf(activities({ http: () => ({ status, headers: {}, body: { error: 'no' } }) }).callHttp(call({ body: { id: 7 } })))
    expect(failure.type).toBe('callFailed')
    expect(failure.message).toBe(`POST http://test/path answered ${status}\n{"error":"no"}\nRequest: {"id":7}`)
  })

  it('tells no secret in a detail, whatever form it has there', async () => {
    const echo = (filled: OutgoingCall): HttpResult => ({
      status: 400,
      headers: {},
      body: { echo: filled.headers ?? null, url: encodeURIComponent('s3cr3t/+') },
    })
    const failure = await failureOf(activities({ variables, http: echo }).callHttp(call({ headers: { 'x-key': secretReference('key') } })))
    expect(failure.message).not.toContain('s3cr3t')
    const thrown = await failureOf(
      activities({ variables, http: () => Promise.reject(new StepError('callFailed', 'cannot reach s3cr3t/+.example')) }).callHttp(call()),
    )
    expect(thrown.message).toBe('POST http://test/path: cannot reach ********.example')
  })

  it('tells no credentials that were sent, whether they came from a secret or not (cycles.md 5)', async () => {
    const basic = (text: string): string => Buffer.from(text).toString('base64')
    const cases: [Partial<HttpCall>, readonly string[]][] = [
      [{ headers: { Authorization: 'Bearer t0ken' } }, ['t0ken']],
      [{ headers: { authorization: `Basic ${basic('me:pa55word')}` } }, ['pa55word', basic('me:pa55word')]],
      [{ headers: { 'Proxy-Authorization': 'pr0xy' } }, ['pr0xy']],
      [{ auth: { type: 'basic', username: 'me', password: 'pa55/word' } }, ['pa55/word', basic('me:pa55/word')]],
      [{ auth: { type: 'bearer', token: secretReference('key') } }, ['s3cr3t/+']],
      [{ auth: { type: 'header', header: 'x-key', value: 'h34der' } }, ['h34der']],
      [{ url: 'http://me:p%2F55@test/path' }, ['p/55', 'p%2F55', basic('me:p/55')]],
    ]
    for (const [more, hidden] of cases) {
      const echo = { status: 401, headers: {}, body: { echo: [...hidden, ...hidden.map(text => JSON.stringify({ text }))], sent: 'Bearer and Basic' } }
      const failure = await failureOf(activities({ variables, http: () => echo }).callHttp(call({ ...more, body: 'hello' })))
      for (const text of hidden) expect(failure.message).not.toContain(text)
      expect(failure.message).toContain('Bearer and Basic')
      expect(failure.message).toContain('Request: hello')
    }
  })

  it('tells no part of a secret that a URL took apart, nor in how a host or a server writes it', async () => {
    const url = `http://${secretReference('key')}.example/${secretReference('apart')}`
    const apart: Variable = { name: 'apart', secret: true, value: 'S3CR3T-one?s3cr3t+two%2Fb&c' }
    const body = {
      path: '/S3CR3T-one',
      query: [
        ['s3cr3t two/b', ''],
        ['c', ''],
      ],
      raw: 's3cr3t+two%2Fb',
    }
    const failure = await failureOf(activities({ variables: [...variables, apart], http: () => ({ status: 400, headers: {}, body }) }).callHttp(call({ url })))
    expect(failure.message).toBe('POST http://********.example/******** answered 400\n{"path":"/********","query":[["********",""],["c",""]],"raw":"********"}')
    const lost = new StepError('callFailed', 'getaddrinfo ENOTFOUND s3cr3t-one')
    expect((await failureOf(activities({ variables: [apart], http: () => Promise.reject(lost) }).callHttp(call({ url })))).message).toContain(
      'ENOTFOUND ********',
    )
  })

  it('cuts a body at 2,000 characters, and no secret in two', async () => {
    const long = `${'x'.repeat(1_996)}s3cr3t/+${'y'.repeat(50)}`
    const failure = await failureOf(
      activities({ variables, http: () => ({ status: 500, headers: {}, body: long }) }).callHttp(call({ body: 'z'.repeat(2_001) })),
    )
    expect(failure.message).toBe(`POST http://test/path answered 500\n${'x'.repeat(1_996)}********…\nRequest: ${'z'.repeat(2_000)}…`)
  })

  it('tells no secret in an error that is to be tried again: it stands in the log and in Temporal', async () => {
    const wrong = new TypeError('cannot read s3cr3t/+', { cause: new Error('of s3cr3t%2F%2B') })
    const error: unknown = await activities({ variables, http: () => Promise.reject(wrong) })
      .callHttp(call())
      .catch((reason: unknown) => reason)
    expect(error).toBe(wrong)
    expect(`${wrong.message} ${wrong.stack} ${String(wrong.cause)}`).not.toContain('s3cr3t')
    expect(wrong.message).toBe('cannot read ********')
  })

  it('tells no payload where the cycle says log: none', async () => {
    const failure = await failureOf(
      activities({ settings: { log: 'none' }, http: () => ({ status: 500, headers: {}, body: 'private' }) }).callHttp(call({ body: 'private' })),
    )
    expect(failure.message).toBe('POST http://test/path answered 500')
    const settings = { log: 'none' as const }
    const query = await failureOf(
      activities({ settings, http: () => ({ status: 500, headers: {}, body: null }) }).callHttp(call({ url: 'http://test/a?id=private#b' })),
    )
    expect(query.message).toBe('POST http://test/a answered 500')
    const quoting = async (_filled: OutgoingCall, quote: Quote): Promise<HttpResult> =>
      Promise.reject(new StepError('buildFailed', `${quote('private')} is not a URL`))
    expect((await failureOf(activities({ settings, http: quoting }).callHttp(call()))).message).toBe('(not logged) is not a URL')
    expect((await failureOf(activities({ http: quoting }).callHttp(call()))).message).toBe('"private" is not a URL')
  })

  it('fails with badResponse at an answer that is too large as JSON, or too deep', async () => {
    const large = await failureOf(activities({ http: () => ({ status: 200, headers: {}, body: 'x'.repeat(MAX_VALUE_BYTES) }) }).callHttp(call()))
    expect(large.type).toBe('badResponse')
    let deep: Json = 1
    for (let i = 0; i < 100_000; i++) deep = [deep]
    expect((await failureOf(activities({ http: () => ({ status: 200, headers: {}, body: deep }) }).callHttp(call()))).type).toBe('badResponse')
  })

  it('passes step errors on by their code, and leaves other errors to be tried again', async () => {
    const refused = await failureOf(activities({ http: () => Promise.reject(new StepError('buildFailed', 'no such scheme')) }).callHttp(call()))
    expect([refused.type, refused.message]).toEqual(['buildFailed', 'no such scheme'])
    await expect(activities({ http: () => Promise.reject(new TypeError('a bug')) }).callHttp(call())).rejects.toThrow(TypeError)
  })

  it('fails for good where the cycle was deleted', async () => {
    expect((await failureOf(activities({ gone: true }).callHttp(call()))).type).toBe('buildFailed')
  })

  it('heartbeats while the call takes its time', async () => {
    await activities({ http: () => new Promise(resolve => setTimeout(() => resolve({ status: 200, headers: {}, body: null }), 1_100)) }).callHttp(call())
    expect(heartbeats).toBeGreaterThan(0)
  })
})

describe('scripts', () => {
  const run = { place, transaction, stepId: 'script', source: 'function run(input) {}', input: { n: 1 } }

  it('call run with the input; nothing returned is null', async () => {
    const asked: unknown[] = []
    const scripting: Partial<ActivityDeps['scripting']> = {
      async call(source, fn, args) {
        asked.push([source, fn, args])
        return { result: undefined, globals: {} }
      },
    }
    expect(await activities({ scripting }).runScript(run)).toBeNull()
    expect(asked).toEqual([[run.source, 'run', [{ n: 1 }]]])
  })

  it('that fail tell what the script said and logged', async () => {
    const scripting: Partial<ActivityDeps['scripting']> = {
      async call(_source, _fn, _args, options) {
        options?.log?.('before')
        throw new ScriptError('threw', 'no stock')
      },
    }
    const failure = await failureOf(activities({ scripting }).runScript(run))
    expect([failure.type, failure.message]).toEqual(['callFailed', 'The script threw: no stock\nconsole.log: before'])
  })

  it('that return too much fail with badResponse', async () => {
    const scripting: Partial<ActivityDeps['scripting']> = { call: async () => ({ result: 'x'.repeat(MAX_VALUE_BYTES), globals: {} }) }
    expect((await failureOf(activities({ scripting }).runScript(run))).type).toBe('badResponse')
  })

  it('written inline are evaluated together; one without a result has no value', async () => {
    const scripting: Partial<ActivityDeps['scripting']> = { evaluate: async expression => (expression === 'undefined' ? undefined : expression) }
    expect(
      await activities({ scripting }).evaluate([
        { expression: 'a', values: {} },
        { expression: 'undefined', values: {} },
      ]),
    ).toEqual([{ value: 'a' }, {}])
    const failing: Partial<ActivityDeps['scripting']> = { evaluate: () => Promise.reject(new ScriptError('timeout', '5 s')) }
    expect((await failureOf(activities({ scripting: failing }).evaluate([{ expression: 'a', values: {} }]))).message).toBe('The script took too long: 5 s')
    const large: Partial<ActivityDeps['scripting']> = { evaluate: async () => 'x'.repeat(MAX_VALUE_BYTES) }
    expect((await failureOf(activities({ scripting: large }).evaluate([{ expression: 'a', values: {} }]))).message).toContain(`at most ${MAX_VALUE_BYTES}`)
  })
})

describe('incidents', () => {
  it('are logged and counted on the transaction and its cycle, once each', async () => {
    await createRegistry(redis.client).accounts.create({ id: place.account, apiId: 'a', name: 'A', description: '', timezone: 'UTC', createdAt: 0, userId: '' })
    await createRegistry(redis.client).cycles.create({ place, version: 1, createdAt: 0, updatedAt: 0, document: { name: 'Test', steps: [] }, identifiers: {} })
    await inbox.create(place, 1)
    await inbox.activate(place)
    await inbox.acceptTrigger({ place, version: 1, transaction, stepId: 'order', data: '{}', values: [], held: false })
    const made = activities()
    const error = { at: Date.now(), level: 'Error' as const, stepId: 'call', message: 'Failed to call the method', detail: 'd', seq: 1 }
    await made.incident(place, transaction, error)
    // A worker that dies before its workflow task is recorded makes another do it again.
    await made.incident(place, transaction, error)
    await made.incident(place, transaction, { at: Date.now(), level: 'Warning', message: 'w', detail: '' })
    expect(await createRegistry(redis.client).incidents.list(place, { limit: 10 })).toMatchObject([
      { message: 'w', transaction },
      { message: 'Failed to call the method', level: 'Error', stepId: 'call', transaction },
    ])
    expect(await inbox.transaction(place, transaction)).toMatchObject({ errors: 1, warnings: 1 })
    expect(await inbox.status(place)).toMatchObject({ errors: 1, warnings: 1 })
  })

  it('hold no secret of the cycle, however it came into them', async () => {
    await createRegistry(redis.client).accounts.create({ id: place.account, apiId: 'a', name: 'A', description: '', timezone: 'UTC', createdAt: 0, userId: '' })
    await createRegistry(redis.client).cycles.create({ place, version: 1, createdAt: 0, updatedAt: 0, document: { name: 'Test', steps: [] }, identifiers: {} })
    const made = activities({ variables: [{ name: 'key', secret: true, value: 'sealed:s3cr3t/+' }] })
    await made.incident(place, transaction, { at: 0, level: 'Error', message: 'Failed to build the request', detail: '`for` became {"echo":"s3cr3t/+"}' })
    expect(await createRegistry(redis.client).incidents.list(place, { limit: 10 })).toMatchObject([{ detail: '`for` became {"echo":"********"}' }])
    await activities({ gone: true }).incident(place, transaction, { at: 0, level: 'Error', message: 'm', detail: 'd' })
  })
})

describe('notifications', () => {
  it('are posted with their id, the same on every try, and the user agent of the partner', async () => {
    const posts: unknown[] = []
    const notifier: ActivityDeps['notifier'] = {
      async post(...args) {
        posts.push(args.slice(0, 3))
        return { at: 1, durationMs: 2, status: 503, answer: '' }
      },
    }
    const message = { id: 'n1', kind: 'incident' as const, account: place.account, title: '', url: 'http://errors', userAgent: 'Acme/1', body: '{"A":1}' }
    const made = activities({ notifier })
    expect(await made.sendNotification(message)).toEqual({ at: 1, durationMs: 2, status: 503, answer: '' })
    expect(posts).toEqual([['http://errors', { 'content-type': 'application/json', 'user-agent': 'Acme/1', 'webhook-id': 'n1' }, '{"A":1}']])
  })
})

describe('while the registry is lost', () => {
  const reason = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'done',
      (error: unknown) => (error instanceof ApplicationFailure ? [error.type, error.nonRetryable, error.nextRetryDelay] : error),
    )

  it('nothing is stopped: what has to ask is asked again, at last each minute, and what waits, fails or ends does so', async () => {
    for (const registry of ['lost', 'unknown', 'fresh'] as const) {
      const made = activities({ registry, gone: true })
      const later = ['registryLost', false, 500]
      expect(await reason(made.begin(place, transaction, [], undefined))).toEqual(later)
      expect(await reason(made.resume(place, transaction, 'w', 1))).toEqual(later)
      expect(await reason(made.check(place, transaction, view))).toEqual(later)
      expect(await reason(made.revive(place, transaction, 1))).toEqual(later)
      expect(await reason(made.callHttp(call()))).toEqual(later)
      expect(await made.register(place, transaction, 'w', '7')).toMatch(/^\w+/)
      expect(await made.park(place, transaction, {})).toMatchObject({ answer: 'parked' })
      expect(await made.fail(place, transaction, {}, 1_000, 1)).toMatchObject({ answer: 'failed' })
      expect(await made.end(place, transaction, {}, 'Completed', 1_000)).toMatchObject({ wake: false })
    }
    const attempts = [1, 2, 8, 500].map(attempt => activities({ registry: 'lost', attempt }).check(place, transaction, view))
    expect((await Promise.all(attempts.map(reason))).map(all => (Array.isArray(all) ? all[2] : all))).toEqual([500, 1_000, 60_000, 60_000])
  })

  it('a cycle that is not in a registry that is there was deleted', async () => {
    const made = activities()
    expect(await made.begin(place, transaction, [], undefined)).toBe('stop')
    expect(await made.resume(place, transaction, 'w', 1)).toEqual({ answer: 'stop', taken: false })
    expect((await made.park(place, transaction, {})).answer).toBe('stop')
    expect((await made.fail(place, transaction, {}, 1_000, 1)).answer).toBe('stop')
    expect(await made.check(place, transaction, view)).toBe('stop')
  })
})

describe('the index', () => {
  it('lets a transaction begin, park, be run on and end', async () => {
    await inbox.create(place, 1)
    await inbox.activate(place)
    const made = activities()
    const accepted = await inbox.acceptTrigger({
      place,
      version: 1,
      transaction,
      stepId: 'order',
      data: '{}',
      values: [{ stepId: 'w', value: '7' }],
      held: true,
    })
    expect(accepted).toMatchObject({ outcome: 'accepted', next: 'start' })
    expect(await made.begin(place, transaction, [{ stepId: 'w', value: '7' }], undefined)).toBe('go')
    expect(await made.register(place, transaction, 'w', '8')).toMatch(/^\w+/)
    expect(await made.register(place, transaction, 'w', null)).toBeNull()
    expect(await made.check(place, transaction, view)).toBe('go')
    expect(await made.park(place, transaction, {})).toEqual({ answer: 'parked', wake: false })
    expect(await inbox.transaction(place, transaction)).toMatchObject({ status: 'Waiting' })
    await made.end(place, transaction, {}, 'Completed', 1_000_000)
    expect(await inbox.transaction(place, transaction)).toMatchObject({ status: 'Completed' })
    expect(await made.resume(place, transaction, 'w', 1)).toMatchObject({ answer: 'stop' })
  })
})

describe('operations', () => {
  const ids = Array.from({ length: 250 }, (_, i) => asTransactionId(String(i).padStart(4, '0')))
  const page = async (_place: unknown, from: string, max: number): Promise<Members> => {
    const transactions = ids.filter(id => id > from).slice(0, max)
    return { transactions, next: transactions.at(-1) }
  }

  it('hint to every doomed transaction, page by page, with heartbeats', async () => {
    await activities({ inbox: { doomed: page } }).stopDoomed(place)
    expect(signalled).toEqual(ids.map(id => `check ${id}`))
    expect(heartbeats).toBeGreaterThan(2)
  })

  it('take the schedule of a deleted cycle away, terminate every transaction, then purge', async () => {
    let purged = 0
    await activities({
      inbox: {
        everyone: page,
        purge: async () => {
          purged = signalled.length
        },
      },
    }).removeAll(place)
    expect(signalled).toEqual([`no schedule ${place.cycle}`, ...ids.map(id => `terminate ${id}`)])
    expect(purged).toBe(251)
  })
})
