import type { HeldOutcome, WebhookTemporal } from '../../../api/webhooks/deps.ts'
import { startLimit, type HeldTrigger, type HoldDeps } from '../../../api/webhooks/held-requests.ts'
import { createStarts } from '../../../api/webhooks/starts.ts'
import { asAccountId, asCycleId, asTransactionId, type Place, type TransactionId } from '../../../domain/ids.ts'
import type { TransactionStatus } from '../../../domain/states.ts'
import type { RequestOutcome } from '../../../storage/inbox.ts'
import type { ResponseResult, TransactionInput } from '../../../workflows/messages.ts'

export const place: Place = { account: asAccountId('a'), cycle: asCycleId('c') }
export const one = asTransactionId('t1')
export const created: ResponseResult = { kind: 'response', status: 201, headers: { 'x-a': '1' }, body: 'made' }
export const answer = (result: ResponseResult): HeldOutcome => ({ state: 'answer', answer: result })

const input: TransactionInput = {
  transaction: one,
  snapshot: {
    account: { id: place.account, apiId: 'a', name: 'a', timezone: 'UTC' },
    cycle: { id: place.cycle, name: 'c' },
    document: { name: 'c', steps: [] },
    variables: {},
    webhooks: {},
    hash: '',
    kernel: 1,
  },
  trigger: { stepId: 'order', data: { body: null, headers: {}, query: {}, method: 'POST' } },
  acceptedAt: 0,
  limits: { maxStepExecutions: 1, retentionMs: 1 },
}

/** Temporal as each test wants it: what is not given never answers before the sender gives up. */
function temporal(given: Partial<WebhookTemporal>): WebhookTemporal {
  const never = (wait: { signal: AbortSignal; deadlineMs: number }): Promise<HeldOutcome> =>
    new Promise(resolve => {
      const over = (): void => resolve({ state: 'over' })
      if (wait.signal.aborted) over()
      setTimeout(over, wait.deadlineMs).unref()
      wait.signal.addEventListener('abort', over, { once: true })
    })
  return {
    startAndAwait: (_input, wait) => never(wait),
    await: (_id, _request, wait) => never(wait),
    start: () => Promise.resolve(),
    heard: () => false,
    find: () => Promise.resolve('open'),
    recorded: () => Promise.resolve(undefined),
    ...given,
  }
}

/** The inbox as each test wants it, with a bell for its changes and for transactions that begin; `width`: starts at once. */
export function deps(
  given: Partial<WebhookTemporal>,
  inbox: { status?: () => TransactionStatus | undefined; outcome?: () => RequestOutcome | undefined } = {},
  width = 32,
) {
  const listeners = new Set<() => void>()
  const warned: object[] = []
  let begun: (transaction: TransactionId) => void = () => undefined
  const made: HoldDeps = {
    temporal: temporal(given),
    starts: createStarts({ onBegun: (_startedBy, listener) => ((begun = listener), () => undefined) }, 'api', { size: width, began: () => undefined }),
    logger: { info: () => {}, warn: fields => warned.push(fields), error: () => {} },
    inbox: {
      acceptTrigger: () => Promise.reject(new Error('not asked')),
      acceptMidCycle: () => Promise.reject(new Error('not asked')),
      peek: () => Promise.reject(new Error('not asked')),
      renewStart: () => Promise.reject(new Error('not asked')),
      ignored: () => Promise.reject(new Error('not asked')),
      outcomeOf: () => Promise.resolve(inbox.outcome?.()),
      transaction: (_place, id) => {
        const status = inbox.status?.()
        if (status === undefined) return Promise.resolve(undefined)
        return Promise.resolve({ id, status, acceptedAt: 0, startedAt: undefined, endedAt: undefined, errors: 0, warnings: 0 })
      },
      onChange: (_place, _id, listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
  }
  return { deps: made, listeners, warned, ring: () => listeners.forEach(listener => listener()), begin: (transaction: TransactionId) => begun(transaction) }
}

/** A sender that waits for `ms`; its transaction may be started for the usual sweep age, or longer where `renew` says so. */
export function trigger(
  ms = 60_000,
  transaction = one,
  renew: () => Promise<boolean> = () => Promise.resolve(false),
): { held: HeldTrigger; hangUp: AbortController } {
  const hangUp = new AbortController()
  const now = performance.now()
  return {
    hangUp,
    held: {
      input: { ...input, transaction },
      about: { transaction, replayed: false },
      deadline: { at: now + ms, gone: hangUp.signal },
      limit: startLimit(now, 60_000, renew),
    },
  }
}
