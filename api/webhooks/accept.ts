/** From the parsed request to its answer: key, state, `after_webhook`, limits, accept, and the wait of a held sender (webhooks.md 2, 4, 5, 6). */
import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { asRequestId, asTransactionId, type TransactionId } from '../../domain/ids.ts'
import { requestValue, triggerValues } from '../../domain/match.ts'
import type { Json } from '../../domain/json.ts'
import type { WebhookData } from '../../domain/document.ts'
import { webhookUrl } from '../../domain/webhook-url.ts'
import { ScriptError } from '../../scripting/scripting.ts'
import type { CachedCycle } from '../../storage/cycle-cache.ts'
import type { Peek, RequestKey } from '../../storage/inbox.ts'
import type { TransactionInput } from '../../workflows/messages.ts'
import { snapshotOf } from '../../workflows/start.ts'
import { table, type About, type Answer, type Stale } from './answers.ts'
import { bounded, hangUp, type Deadline } from './deadline.ts'
import type { WebhookDeps } from './deps.ts'
import type { WebhookFacts } from './facts.ts'
import { holdKnown, holdMidCycle, holdQueued, holdStarted, startLimit } from './held-requests.ts'
import { createIncidentLog } from './incident-log.ts'
import type { Payload } from './payload.ts'
import { storedHeaders, tooLarge, type Headers, type Query } from './request.ts'
import { runAfter } from './scripts.ts'

/** A POST that passed everything that comes before its key is looked at. */
export interface Posted {
  /** Undefined where no sender waits, as with a copy of a partner's event: its facts are not `synchronous`. */
  readonly res: ServerResponse | undefined
  readonly identifier: string
  readonly cycle: CachedCycle
  readonly facts: WebhookFacts
  readonly headers: Headers
  readonly query: Query
  readonly payload: Payload
  readonly key: string | undefined
}

type Accepted = Answer | Stale | undefined
type Known = Extract<Peek, { readonly outcome: 'known' }>

const DEFAULT_SWEEP_AGE_MS = 60_000

export function createAcceptor(deps: WebhookDeps): (posted: Posted) => Promise<Accepted> {
  const { inbox, limits, metrics } = deps
  const incidents = createIncidentLog(deps)
  const sweepAgeMs = limits.sweepAgeMs ?? DEFAULT_SWEEP_AGE_MS
  let holding = 0

  return async posted => {
    const { cycle, facts, payload } = posted
    const key: { readonly key?: RequestKey } = posted.key === undefined ? {} : { key: { identifier: posted.identifier, key: posted.key } }
    const transaction = asTransactionId(randomUUID())
    let looked = false
    if (payload.state !== 'read' || facts.after) {
      const seen = await look(posted, key.key)
      if (seen.answered) return seen.answer
      looked = true
    }
    if (payload.state !== 'read') return table('unparsable')
    let body = payload.body
    if (facts.after) {
      const after = await filtered(posted, body, facts.trigger ? transaction : undefined)
      if (after.next === 'failed') return after.answer
      if (after.next === 'ignore') {
        await bounded(inbox.ignored(cycle.place, asRequestId(transaction), key.key))
        deps.logger.info({ account: cycle.place.account, cycle: cycle.place.cycle, step: facts.step.id }, 'a webhook was ignored by its after_webhook')
        return table('accepted')
      }
      body = after.body
    }
    const data: WebhookData = { body, headers: storedHeaders(posted.headers, facts.secretHeader), query: posted.query, method: 'POST' }
    const encoded = JSON.stringify(data)
    if (tooLarge(encoded)) {
      const seen = looked ? undefined : await look(posted, key.key)
      return seen?.answered === true ? seen.answer : table('tooLarge')
    }
    return facts.trigger ? trigger(posted, key, transaction, data, encoded) : midCycle(posted, key, transaction, data, encoded)
  }

  /** Key and state before the body counts: read-only, for requests whose body did not parse or is too large, and before `after_webhook`. */
  async function look(
    posted: Posted,
    key: RequestKey | undefined,
  ): Promise<{ readonly answered: false } | { readonly answered: true; readonly answer: Accepted }> {
    const peek = await bounded(inbox.peek(posted.cycle.place, posted.cycle.version, key))
    switch (peek.outcome) {
      case 'open':
        return { answered: false }
      case 'deleted':
        return { answered: true, answer: table('notFound') }
      case 'inactive':
        return { answered: true, answer: table('inactive') }
      case 'stale':
        return { answered: true, answer: 'stale' }
      case 'known': {
        const answer = await repeated(posted, peek)
        return answer === 'unknown' ? { answered: false } : { answered: true, answer }
      }
    }
  }

  /** The first one's answer again; `unknown` where its transaction never came to be: the repeat starts it. */
  async function repeated(posted: Posted, known: Known): Promise<Accepted | 'unknown'> {
    const { facts, cycle } = posted
    const { transaction } = known
    const about: About = transaction === undefined ? { replayed: true } : { transaction, replayed: true }
    if (known.ignored || transaction === undefined || !facts.synchronous || known.next === 'queued') return table('accepted', about)
    return held(posted, about, deadline => {
      if (!facts.trigger) return holdMidCycle(deps, cycle.place, known.request, transaction, true, deadline)
      if (known.next === 'inbox') return holdQueued(deps, cycle.place, transaction, about, deadline)
      return holdKnown(deps, cycle.place, transaction, about, deadline)
    })
  }

  async function trigger(posted: Posted, key: { readonly key?: RequestKey }, fresh: TransactionId, data: WebhookData, encoded: string): Promise<Accepted> {
    const { cycle, facts } = posted
    const sentAt = performance.now()
    const ask = () =>
      bounded(
        inbox.acceptTrigger({
          place: cycle.place,
          version: cycle.version,
          transaction: fresh,
          stepId: facts.step.id,
          ...key,
          data: encoded,
          values: facts.hasValues ? triggerValues(cycle.document, data, rootsOf(deps.publicUrl, cycle, facts, fresh)) : [],
          ...facts.maxConcurrency,
          held: facts.synchronous,
        }),
      )
    if (!facts.synchronous) {
      const accepted = await ask()
      if (accepted.outcome !== 'accepted') return refused(accepted.outcome)
      return table('accepted', { transaction: accepted.transaction, replayed: accepted.replayed })
    }
    return held(posted, { replayed: false }, async deadline => {
      const accepted = await ask()
      if (accepted.outcome !== 'accepted') return refused(accepted.outcome)
      const { transaction, replayed } = accepted
      const about: About = { transaction, replayed, held: true }
      switch (accepted.next) {
        case 'queued':
          return table('accepted', { transaction, replayed })
        case 'inbox':
          return holdQueued(deps, cycle.place, transaction, about, deadline)
        case 'start': {
          const input = inputOf(deps, cycle, facts, transaction, data)
          return holdStarted(deps, { input, about, deadline, limit: startLimit(sentAt, sweepAgeMs, () => bounded(inbox.renewStart(cycle.place, transaction))) })
        }
      }
    })
  }

  async function midCycle(posted: Posted, key: { readonly key?: RequestKey }, fresh: TransactionId, data: WebhookData, encoded: string): Promise<Accepted> {
    const { cycle, facts } = posted
    const value = requestValue(facts.step, data)
    const ask = async () => {
      const accepted = await bounded(
        inbox.acceptMidCycle({
          place: cycle.place,
          version: cycle.version,
          request: asRequestId(fresh),
          stepId: facts.step.id,
          ...key,
          data: encoded,
          ...(value === undefined ? {} : { value }),
          window: facts.windowMs,
          ...facts.maxConcurrency,
          held: facts.synchronous,
        }),
      )
      if ('request' in accepted && !accepted.replayed) metrics.matches.inc({ result: accepted.outcome })
      return accepted
    }
    if (!facts.synchronous) {
      const accepted = await ask()
      if (!('request' in accepted)) return refused(accepted.outcome)
      return table(
        'accepted',
        accepted.outcome === 'matched' ? { transaction: accepted.transaction, replayed: accepted.replayed } : { replayed: accepted.replayed },
      )
    }
    return held(posted, { replayed: false }, async deadline => {
      const accepted = await ask()
      if (!('request' in accepted)) return refused(accepted.outcome)
      if (accepted.outcome !== 'matched') return table('accepted', { replayed: accepted.replayed })
      return holdMidCycle(deps, cycle.place, accepted.request, accepted.transaction, accepted.replayed, deadline)
    })
  }

  /** Takes one of the places for held connections while `run` waits; none left: 503. The time counts from here. */
  async function held<T extends Accepted | 'unknown'>(posted: Posted, about: About, run: (deadline: Deadline) => Promise<T>): Promise<T | Answer | Stale> {
    if (holding >= limits.heldLimit) {
      const { outcome } = await bounded(inbox.peek(posted.cycle.place, posted.cycle.version, undefined))
      return outcome === 'open' || outcome === 'known' ? table('unavailable', about) : refused(outcome)
    }
    holding++
    metrics.heldConnections.inc()
    try {
      return await run({ at: performance.now() + posted.facts.syncTimeoutMs, gone: posted.res === undefined ? AbortSignal.abort() : hangUp(posted.res) })
    } finally {
      holding--
      metrics.heldConnections.dec()
    }
  }

  type Filtered = { readonly next: 'go'; readonly body: Json } | { readonly next: 'ignore' } | { readonly next: 'failed'; readonly answer: Answer }

  async function filtered({ cycle, facts }: Posted, body: Json, transaction: TransactionId | undefined): Promise<Filtered> {
    const lines: string[] = []
    try {
      const after = await runAfter(deps.scripting, facts, cycle, { body, transaction }, lines)
      if (lines.length > 0) incidents.lines(cycle, facts.step.id, lines)
      return after
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error
      incidents.failed(cycle, facts.step.id, error, lines)
      return { next: 'failed', answer: table('failed') }
    }
  }
}

function refused(outcome: 'deleted' | 'inactive' | 'full' | 'stale'): Answer | Stale {
  switch (outcome) {
    case 'deleted':
      return table('notFound')
    case 'stale':
      return 'stale'
    case 'inactive':
    case 'full':
      return table(outcome)
  }
}

function rootsOf(publicUrl: string, cycle: CachedCycle, facts: WebhookFacts, transaction: TransactionId): { readonly [root: string]: Json } {
  const webhooks: { [step: string]: Json } = {}
  for (const [step, identifier] of Object.entries(cycle.identifiers)) webhooks[step] = { url: webhookUrl(publicUrl, identifier) }
  return {
    variables: facts.variables,
    webhooks,
    transaction: { id: transaction },
    cycle: { id: cycle.place.cycle, name: cycle.document.name },
    account: { id: cycle.account.id, apiId: cycle.account.apiId, name: cycle.account.name },
  }
}

function inputOf(deps: WebhookDeps, cycle: CachedCycle, facts: WebhookFacts, transaction: TransactionId, data: WebhookData): TransactionInput {
  return {
    transaction,
    snapshot: snapshotOf(cycle, cycle.account, deps.publicUrl),
    trigger: { stepId: facts.step.id, data },
    acceptedAt: Date.now(),
    startedBy: deps.starts.startedBy,
    limits: { maxStepExecutions: deps.limits.maxStepExecutions, retentionMs: deps.limits.retentionMs },
  }
}
