/**
 * From the inbox of a connector into the inboxes of the cycles that an event is for (webhooks.md 9): every webhook step of that connector, in each account
 * whose account connector has the event's external id. Each copy has the event's id as its key, so that whatever is repeated after a death makes it once.
 */
import { inBatches } from '../../domain/batches.ts'
import type { WebhookData } from '../../domain/document.ts'
import { StorageUnavailable } from '../../domain/errors.ts'
import type { AccountId, CycleId, StepId } from '../../domain/ids.ts'
import { canonical } from '../../domain/match.ts'
import { lookupIn, parsePath } from '../../domain/path.ts'
import { webhookUrl } from '../../domain/webhook-url.ts'
import { ScriptError } from '../../scripting/scripting.ts'
import type { AccountConnectors } from '../../storage/account-connector.ts'
import type { Connector } from '../../storage/connector.ts'
import type { CachedCycle } from '../../storage/cycle-cache.ts'
import type { PartnerEvent, PartnerInbox, PartnerTurn } from '../../storage/partner-inbox.ts'
import type { Records, Versioned } from '../../storage/records.ts'
import type { Cycles } from '../../storage/registry.ts'
import { createAcceptor } from './accept.ts'
import { createBell } from './bell.ts'
import type { WebhookDeps } from './deps.ts'
import { createFacts } from './facts.ts'
import { createIncidentLog } from './incident-log.ts'
import { headersFrom } from './request.ts'
import { runBefore } from './scripts.ts'

export interface FanOutDeps extends WebhookDeps {
  readonly partner: PartnerInbox
  readonly registry: {
    readonly connectors: Pick<Records<Connector>, 'get'>
    readonly accountConnectors: Pick<AccountConnectors, 'of' | 'holders'>
    readonly cycles: Pick<Cycles, 'ofConnector'>
  }
}

export interface FanOut {
  /** Takes turns until `signal` is aborted. */
  run(signal: AbortSignal): Promise<void>
  /** An event arrived: somebody looks at once. */
  wake(): void
  /** One turn, of whichever connector is next; false where nothing is to be done. */
  turn(): Promise<boolean>
}

/** A cycle that an event is for. */
interface Target {
  readonly account: AccountId
  readonly cycle: CycleId
}

const TURNS = 4
const COPIES_AT_ONCE = 16
/** What another process left, and what is to be tried again, is found so often (ms). */
const SWEEP_MS = 1_000
const RENEW_MS = 3_000
/** After that long (ms) an event is handed out again to those whose inbox was full. */
const AGAIN_MS = 10_000
/** So long (ms) it is tried. */
const TRIED_MS = 24 * 3_600_000
/** Versions of a cycle that are tried for one copy in one turn. */
const ATTEMPTS = 5

export function createFanOut(deps: FanOutDeps): FanOut {
  const { partner, registry, cycles, logger, publicUrl } = deps
  const factsOf = createFacts(deps)
  const accept = createAcceptor(deps)
  const incidents = createIncidentLog(deps)
  const bell = createBell()

  /** `signal`: the process ends; what is left of the turn is another's. */
  async function turn(signal?: AbortSignal): Promise<boolean> {
    const mine = await partner.claim()
    if (mine === undefined) return false
    let held = true
    const renewal = setInterval(() => {
      partner.renew(mine).then(
        still => {
          held = still
        },
        () => undefined,
      )
    }, RENEW_MS)
    try {
      for (const event of mine.events) {
        if (!held) return true
        if (signal?.aborted === true) break
        await handOut(mine, event).catch((error: unknown) => unexpected(mine, event, error))
      }
    } finally {
      clearInterval(renewal)
    }
    await partner.release(mine)
    return true
  }

  /** One event that cannot be handed out does not hold up those behind it. */
  async function unexpected(mine: PartnerTurn, event: PartnerEvent, error: unknown): Promise<void> {
    if (error instanceof StorageUnavailable) throw error
    const over = Date.now() - event.acceptedAt >= TRIED_MS
    logger.error({ connector: mine.connector, event: event.id, err: error, dropped: over }, 'an event of a partner webhook could not be handed out')
    await (over ? partner.done(mine, event) : partner.later(mine, event, AGAIN_MS))
  }

  async function handOut(mine: PartnerTurn, event: PartnerEvent): Promise<void> {
    const about = { connector: mine.connector, event: event.id }
    const connector = await registry.connectors.get(mine.connector)
    if (connector === undefined) {
      await deps.guard.check()
      logger.warn(about, 'an event of a partner webhook was dropped: its connector is gone')
      return partner.done(mine, event)
    }
    const data: WebhookData = JSON.parse(event.data)
    const targets = await targetsOf(connector, externalIds(connector.value, data))
    if (targets.length === 0) {
      // In a Redis that was emptied nothing can be said not to exist (operations.md 3).
      await deps.guard.check()
      logger.info(about, 'an event of a partner webhook is for no cycle of any account')
    }
    const taken = await inBatches(targets, COPIES_AT_ONCE, target => copies(connector.value.name, target, event, data))
    const waits = taken.filter(done => !done).length
    if (waits > 0 && Date.now() - event.acceptedAt < TRIED_MS) return partner.later(mine, event, AGAIN_MS)
    if (waits > 0) logger.error({ ...about, cycles: waits }, 'an event of a partner webhook was dropped for cycles whose inbox was full for a day')
    return partner.done(mine, event)
  }

  /** The cycles of the accounts that have one of the ids; one that says which account connector it uses gets the events of that one alone. */
  async function targetsOf(
    { id, value: { name } }: Versioned<Connector>,
    ids: readonly string[],
  ): Promise<readonly (Target & { readonly held: ReadonlySet<string> })[]> {
    const byAccount = new Map<AccountId, Set<string>>()
    for (const holder of await registry.accountConnectors.holders(id, ids)) {
      byAccount.set(holder.account, (byAccount.get(holder.account) ?? new Set()).add(holder.id))
    }
    const found = await Promise.all(
      [...byAccount].map(async ([account, held]) => (await registry.cycles.ofConnector(account, name)).map(cycle => ({ account, cycle, held }))),
    )
    return found.flat()
  }

  /** Whether all steps of one cycle have theirs, or are not to have it; false where its inbox is full. */
  async function copies(
    name: string,
    { account, cycle: id, held }: Target & { readonly held: ReadonlySet<string> },
    event: PartnerEvent,
    data: WebhookData,
  ): Promise<boolean> {
    const cycle = await cycles.reload({ account, cycle: id })
    const chosen = cycle?.accountConnectors?.[name]
    if (cycle === undefined || (chosen !== undefined && !held.has(chosen) && (await stands(account, chosen)))) return true
    let all = true
    for (const step of cycle.document.steps) {
      if (step.type === 'webhook' && step.connector === name && !(await copy(cycle, step.id, event, data))) all = false
    }
    return all
  }

  /** One that is gone does not count as chosen. */
  const stands = async (account: AccountId, id: string): Promise<boolean> => (await registry.accountConnectors.of(account).get(id)) !== undefined

  async function copy(found: CachedCycle, stepId: StepId, event: PartnerEvent, data: WebhookData): Promise<boolean> {
    let cycle: CachedCycle | undefined = found
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const identifier = cycle.identifiers[stepId]
      if (identifier === undefined) return true
      const answer = await given(cycle, stepId, identifier, event, data)
      if (answer !== 'stale') return answer !== 'full' && answer !== 'unavailable'
      cycle = await cycles.reload(found.place)
      if (cycle === undefined) return true
    }
    return false
  }

  /** What a sender would be answered. A script that fails is an incident of the cycle, and the copy is over. */
  async function given(cycle: CachedCycle, stepId: StepId, identifier: string, event: PartnerEvent, data: WebhookData): Promise<string | undefined> {
    const fields = { account: cycle.place.account, cycle: cycle.place.cycle, step: stepId }
    const lines: string[] = []
    try {
      const facts = await factsOf(cycle.document, stepId)
      if (facts === undefined) return undefined
      const headers = headersFrom(data.headers)
      const { body, query } = data
      const url = webhookUrl(publicUrl, identifier)
      const before = await runBefore(deps.scripting, facts.before === undefined ? [] : [facts.before], { url, method: 'POST', headers, query, body }, lines)
      if (lines.length > 0) incidents.lines(cycle, stepId, lines)
      if (before.next === 'stop' || before.method !== 'POST') {
        logger.info(fields, "an event of a partner webhook was turned away by the step's before_webhook")
        return undefined
      }
      const answer = await accept({
        res: undefined,
        identifier,
        cycle,
        facts: { ...facts, synchronous: false },
        headers,
        query,
        payload: { state: 'read', body: before.body },
        key: event.id,
      })
      if (answer === undefined || answer === 'stale') return answer
      const outcome = answer.kind === 'table' ? answer.answer : undefined
      if (outcome === 'inactive' || outcome === 'tooLarge') logger.info({ ...fields, outcome }, 'an event of a partner webhook was refused by a cycle')
      return outcome
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error
      incidents.failed(cycle, stepId, error, lines)
      return 'failed'
    }
  }

  /** Takes turns while there is something to do, then waits to be woken; the first also looks by itself. */
  async function take(signal: AbortSignal, first: boolean): Promise<void> {
    let told = false
    while (!signal.aborted) {
      let busy = false
      try {
        busy = await turn(signal)
        told = false
      } catch (error) {
        const expected = error instanceof StorageUnavailable
        if (!told) logger[expected ? 'warn' : 'error']({ err: error }, 'events of partner webhooks cannot be handed out; trying again')
        told = true
      }
      if (busy) bell.ring()
      else await bell.heard(signal, first ? SWEEP_MS : undefined)
    }
  }

  return {
    turn,
    wake: () => bell.ring(),
    async run(signal) {
      await Promise.all(Array.from({ length: TURNS }, (_, at) => take(signal, at === 0)))
    },
  }
}

/** The external ids at the connector's path, each once: of one value or of a list. */
function externalIds({ definition }: Connector, { body, headers, query, method }: WebhookData): readonly string[] {
  const parsed = parsePath(definition.externalIds ?? '')
  const found = parsed.ok ? lookupIn({ body, headers, query, method })(parsed.path) : undefined
  const all = Array.isArray(found) ? found : [found]
  return [...new Set(all.flatMap(one => canonical(one) ?? []))]
}
