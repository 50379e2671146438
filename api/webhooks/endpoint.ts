/** One request from its identifier to its answer, in the order of webhooks.md 2. */
import { asIdentifier, type StepId } from '../../domain/ids.ts'
import type { CachedCycle } from '../../storage/cycle-cache.ts'
import { StorageUnavailable } from '../../domain/errors.ts'
import { ScriptError } from '../../scripting/scripting.ts'
import { createAcceptor } from './accept.ts'
import { table, type Answer, type Stale } from './answers.ts'
import { readBody } from './body.ts'
import { bounded } from './deadline.ts'
import type { WebhookDeps } from './deps.ts'
import { createFacts, type WebhookFacts } from './facts.ts'
import { createIncidentLog } from './incident-log.ts'
import { afterScript, decoded, givenTo, type Payload } from './payload.ts'
import { headersOf, isIdentifier, keyOf, queryOf, type Headers, type Query } from './request.ts'
import type { Exchange } from './exchange.ts'
import { connectorScript } from './connector-script.ts'
import { runBefore, type BeforeScript } from './scripts.ts'
import { verifySender } from './verify.ts'

/** One request, as far as it is the same for every version of the cycle. */
interface Arrival extends Exchange {
  readonly headers: Headers
  readonly query: Query
}

/** What is known of the step, and the scripts that have `before_webhook`: its connector's first, then its own (connectors.md 4). */
interface Looked {
  readonly facts: WebhookFacts
  readonly scripts: readonly BeforeScript[]
}

/** Versions of a cycle that are tried for one request before it is refused: each takes an edit between two look-ups. */
const ATTEMPTS = 5
const NOTHING = Buffer.alloc(0)

/** Answers one request; undefined where the sender is gone. Rejects with `StorageUnavailable` where Redis cannot be reached. */
export function createEndpoint(deps: WebhookDeps): (exchange: Exchange) => Promise<Answer | undefined> {
  const factsOf = createFacts(deps)
  const accept = createAcceptor(deps)
  const incidents = createIncidentLog(deps)

  return async exchange => {
    const { target, req } = exchange
    if (!isIdentifier(target.identifier)) return table('notFound')
    const identifier = asIdentifier(target.identifier)
    const found = await bounded(deps.cycles.byIdentifier(identifier))
    if (found === undefined) return table('notFound')
    const arrival: Arrival = { ...exchange, headers: headersOf(req), query: queryOf(target.search) }
    let raw: Buffer | undefined
    let cycle: CachedCycle | undefined = found.cycle
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const looked = await known(cycle, found.stepId)
      if (looked === 'failed') return table('failed')
      if (looked === undefined) return table('notFound')
      if (raw === undefined && (req.method === 'POST' || looked.scripts.length > 0)) {
        const body = await readBody(req, arrival.headers['content-length'], deps.limits.maxBody)
        if (body.state === 'gone') return undefined
        if (body.state === 'tooLarge') return (await missing(cycle)) ? table('notFound') : table('tooLarge')
        raw = body.raw
      }
      const answer = await answered(arrival, cycle, looked, raw ?? NOTHING)
      if (answer !== 'stale') return answer
      cycle = await bounded(deps.cycles.reload(cycle.place))
      if (cycle?.identifiers[found.stepId] !== identifier) return table('notFound')
    }
    throw new StorageUnavailable('The cycle changed again and again while a request was looked at')
  }

  /** Its script is looked at when a document is first met: one that cannot be is as one that throws. */
  async function known(cycle: CachedCycle, stepId: StepId): Promise<Looked | 'failed' | undefined> {
    try {
      const facts = await factsOf(cycle.document, stepId)
      if (facts === undefined) return undefined
      const { connector } = facts.step
      const outer = connector === undefined ? undefined : await connectorScript(deps, connector)
      return { facts, scripts: [outer, facts.before].flatMap(script => script ?? []) }
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error
      incidents.failed(cycle, stepId, error, [])
      return 'failed'
    }
  }

  async function missing(cycle: CachedCycle): Promise<boolean> {
    return (await bounded(deps.inbox.peek(cycle.place, cycle.version, undefined))).outcome === 'deleted'
  }

  /** An answer from the cycle as known here stands only if it is the cycle's present version. */
  async function confirmed(cycle: CachedCycle, answer: () => Answer): Promise<Answer | Stale> {
    const { outcome } = await bounded(deps.inbox.peek(cycle.place, cycle.version, undefined))
    return outcome === 'deleted' ? table('notFound') : outcome === 'stale' ? 'stale' : answer()
  }

  async function answered(arrival: Arrival, cycle: CachedCycle, { facts, scripts }: Looked, raw: Buffer): Promise<Answer | Stale | undefined> {
    const { headers, query } = arrival
    const sentMethod = arrival.req.method ?? 'GET'
    let payload: Payload = { state: 'none' }
    if (sentMethod === 'POST' || scripts.length > 0) {
      payload = await decoded(raw, headers, deps.limits)
      if (payload.state === 'tooLarge') return confirmed(cycle, () => table('tooLarge'))
    }
    const { verify } = facts
    const verified = (): boolean => verify === undefined || (verify !== 'impossible' && verifySender(verify, { raw, headers }, Date.now()))
    if (sentMethod === 'POST' && !verified()) return confirmed(cycle, () => table('badSignature'))

    let method = sentMethod
    if (scripts.length > 0) {
      const given = givenTo(payload)
      const lines: string[] = []
      try {
        const url = deps.publicUrl + arrival.target.path
        const before = await runBefore(deps.scripting, scripts, { url, method, headers, query, body: given }, lines)
        if (before.next === 'stop') return await confirmed(cycle, () => logged(cycle, facts, lines, before.answer))
        method = before.method
        payload = afterScript(payload, given, before.body)
        if (method === 'POST' && sentMethod !== 'POST' && !verified()) return await confirmed(cycle, () => table('badSignature'))
      } catch (error) {
        if (!(error instanceof ScriptError)) throw error
        return confirmed(cycle, () => failed(cycle, facts, error, lines))
      }
      if (lines.length > 0) incidents.lines(cycle, facts.step.id, lines)
    }
    if (method === 'GET' || method === 'HEAD') return confirmed(cycle, () => table('found'))
    if (method !== 'POST') return confirmed(cycle, () => table('methodNotAllowed'))
    const key = keyOf(headers)
    if (!key.ok) return confirmed(cycle, () => table('badKey'))
    const answer = await accept({
      res: arrival.res,
      identifier: arrival.target.identifier,
      cycle,
      facts,
      headers,
      query,
      payload,
      key: key.key,
    })
    return answer
  }

  function logged(cycle: CachedCycle, facts: WebhookFacts, lines: readonly string[], answer: Answer): Answer {
    if (lines.length > 0) incidents.lines(cycle, facts.step.id, lines)
    return answer
  }

  function failed(cycle: CachedCycle, facts: WebhookFacts, error: ScriptError, lines: readonly string[]): Answer {
    incidents.failed(cycle, facts.step.id, error, lines)
    return table('failed')
  }
}
