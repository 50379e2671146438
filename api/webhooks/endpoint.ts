/** One request from its identifier to its answer, in the order of webhooks.md 2. */
import { asIdentifier } from '../../domain/ids.ts'
import type { CachedCycle } from '../../storage/cycle-cache.ts'
import { StorageUnavailable } from '../../domain/errors.ts'
import { ScriptError } from '../../scripting/scripting.ts'
import { createAcceptor } from './accept.ts'
import { table, type Answer, type Stale } from './answers.ts'
import { readBody } from './body.ts'
import { bounded } from './deadline.ts'
import type { WebhookDeps } from './deps.ts'
import type { Exchange } from './exchange.ts'
import { createIncidentLog } from './incident-log.ts'
import { headersOf, isIdentifier, queryOf } from './request.ts'
import { createScreen, type Arrival, type Looked } from './screen.ts'
import { createTemplateEndpoint } from './template-endpoint.ts'

/** Versions of a cycle that are tried for one request before it is refused: each takes an edit between two look-ups. */
const ATTEMPTS = 5
const NOTHING = Buffer.alloc(0)

/** Answers one request; undefined where the sender is gone. Rejects with `StorageUnavailable` where Redis cannot be reached. */
export function createEndpoint(deps: WebhookDeps): (exchange: Exchange) => Promise<Answer | undefined> {
  const screen = createScreen(deps)
  const ofTemplate = createTemplateEndpoint(deps, screen)
  const accept = createAcceptor(deps)
  const incidents = createIncidentLog(deps)

  return async exchange => {
    const { target, req } = exchange
    if (!isIdentifier(target.identifier)) return table('notFound')
    const identifier = asIdentifier(target.identifier)
    const found = await bounded(deps.cycles.byIdentifier(identifier))
    const arrival: Arrival = { ...exchange, headers: headersOf(req), query: queryOf(target.search) }
    if (found === undefined) return ofTemplate(arrival, identifier)
    const { stepId } = found
    let raw: Buffer | undefined
    let cycle: CachedCycle | undefined = found.cycle
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      let looked: Looked | undefined
      try {
        looked = await screen.look(cycle.document, stepId)
      } catch (error) {
        if (!(error instanceof ScriptError)) throw error
        // Looked at when a document is first met: one that cannot be is as one that throws.
        incidents.failed(cycle, stepId, error, [])
        return table('failed')
      }
      if (looked === undefined) return table('notFound')
      if (raw === undefined && screen.readsBody(arrival, looked)) {
        const body = await readBody(req, arrival.headers['content-length'], deps.limits.maxBody)
        if (body.state === 'gone') return undefined
        if (body.state === 'tooLarge') return (await missing(cycle)) ? table('notFound') : table('tooLarge')
        raw = body.raw
      }
      const answer = await answered(arrival, cycle, looked, raw ?? NOTHING)
      if (answer !== 'stale') return answer
      cycle = await bounded(deps.cycles.reload(cycle.place))
      if (cycle?.identifiers[stepId] !== identifier) return table('notFound')
    }
    throw new StorageUnavailable('The cycle changed again and again while a request was looked at')
  }

  async function missing(cycle: CachedCycle): Promise<boolean> {
    return (await bounded(deps.inbox.peek(cycle.place, cycle.version, undefined))).outcome === 'deleted'
  }

  async function answered(arrival: Arrival, cycle: CachedCycle, looked: Looked, raw: Buffer): Promise<Answer | Stale | undefined> {
    const screened = await screen.pass(arrival, looked, raw)
    const { facts } = looked
    const log = (): void => {
      if (screened.next === 'answer' && screened.error !== undefined) incidents.failed(cycle, facts.step.id, screened.error, screened.lines)
      else if (screened.lines.length > 0) incidents.lines(cycle, facts.step.id, screened.lines)
    }
    if (screened.next === 'answer') {
      // An answer from the cycle as known here stands only if it is the cycle's present version.
      const { outcome } = await bounded(deps.inbox.peek(cycle.place, cycle.version, undefined))
      if (outcome === 'deleted') return table('notFound')
      if (outcome === 'stale') return outcome
      log()
      return screened.answer
    }
    log()
    const { headers, query, res, target } = arrival
    return accept({ res, identifier: target.identifier, cycle, facts, headers, query, payload: screened.payload, key: screened.key })
  }
}
