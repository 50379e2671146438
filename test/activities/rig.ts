/** Activities as the tests of them make them. */
import { randomUUID } from 'node:crypto'
import { ApplicationFailure } from '@temporalio/common'
import { afterEach, beforeEach, expect } from 'vitest'
import { createActivities, type Activities, type ActivityDeps } from '../../activities/index.ts'
import type { HttpCall, HttpResult, OutgoingCall } from '../../activities/contract.ts'
import type { Quote } from '../../activities/http/request.ts'
import type { CycleDocument, Variable } from '../../domain/document.ts'
import { StepError } from '../../domain/errors.ts'
import { asAccountId, asCycleId, asTransactionId } from '../../domain/ids.ts'
import { createMetrics } from '../../platform/metrics.ts'
import type { RegistryState } from '../../storage/registry-guard.ts'
import { createInbox } from '../../storage/redis/inbox.ts'
import { createRegistry } from '../../storage/redis/registry.ts'
import { freshRedis } from '../support/redis.ts'

export const place = { account: asAccountId(randomUUID()), cycle: asCycleId(randomUUID()) }
export const transaction = asTransactionId(randomUUID())
export const view = { status: 'InProgress', acceptedAt: 0, values: [] } as const
export const call = (more: Partial<HttpCall> = {}): HttpCall => ({
  place,
  transaction,
  stepId: 'call',
  idempotencyKey: 'key',
  method: 'POST',
  url: 'http://test/path',
  timeoutMs: 1_000,
  ...more,
})

export let redis: Awaited<ReturnType<typeof freshRedis>>
export let inbox: ReturnType<typeof createInbox>
export let heartbeats = 0
export let sent: OutgoingCall[] = []
export let signalled: string[] = []

/** Activities on a real Redis; what they ask of HTTP, the sandbox and Temporal is told by the test. */
export function activities(
  more: {
    http?: (call: OutgoingCall, quote: Quote) => HttpResult | Promise<HttpResult>
    variables?: Variable[]
    settings?: CycleDocument['settings']
    scripting?: Partial<ActivityDeps['scripting']>
    inbox?: Partial<ActivityDeps['inbox']>
    sealer?: Partial<ActivityDeps['sealer']>
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
      ...more.sealer,
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

export const failureOf = async (work: Promise<unknown>): Promise<ApplicationFailure> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ApplicationFailure)) throw new Error(`it did not fail for good: ${String(error)}`)
  expect(error.nonRetryable).toBe(true)
  return error
}

/** Of a test file: a Redis and an inbox of its own for each test. */
export function useRig(): void {
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
}
