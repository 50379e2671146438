import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import { type ActivityDeps } from '../../activities/index.ts'
import { MAX_VALUE_BYTES } from '../../domain/size.ts'
import { asTransactionId } from '../../domain/ids.ts'
import { ScriptError } from '../../scripting/scripting.ts'
import type { Members } from '../../storage/inbox-upkeep.ts'
import { createRegistry } from '../../storage/redis/registry.ts'
import { place, transaction, view, call, redis, inbox, heartbeats, signalled, activities, failureOf, useRig } from './rig.ts'

useRig()

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
