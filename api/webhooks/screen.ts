/** What a request has to pass before the state of its cycle counts: its sender, its scripts, its method, its key (webhooks.md 2). */
import type { CycleDocument } from '../../domain/document.ts'
import type { StepId } from '../../domain/ids.ts'
import { ScriptError } from '../../scripting/scripting.ts'
import { table, type Answer } from './answers.ts'
import { connectorScript } from './connector-script.ts'
import type { WebhookDeps } from './deps.ts'
import type { Exchange } from './exchange.ts'
import { createFacts, type WebhookFacts } from './facts.ts'
import { afterScript, decoded, givenTo, type Payload } from './payload.ts'
import { keyOf, type Headers, type Query } from './request.ts'
import { runBefore, type BeforeScript } from './scripts.ts'
import { verifySender } from './verify.ts'

/** One request, as far as it is the same for every version of the cycle. */
export interface Arrival extends Exchange {
  readonly headers: Headers
  readonly query: Query
}

/** What is known of the step, and the scripts that have `before_webhook`: its connector's first, then its own (connectors.md 4). */
export interface Looked {
  readonly facts: WebhookFacts
  readonly scripts: readonly BeforeScript[]
}

/** `lines`: what the scripts logged. `error`: what made `before_webhook` fail. */
export type Screened = { readonly lines: readonly string[] } & (
  | { readonly next: 'answer'; readonly answer: Answer; readonly error?: ScriptError }
  | { readonly next: 'accept'; readonly payload: Payload; readonly key: string | undefined }
)

export interface Screen {
  /** Undefined where the document has no such webhook step. Throws `ScriptError` where a script cannot be. */
  look(document: CycleDocument, stepId: StepId): Promise<Looked | undefined>
  /** Whether the body counts for this request at all: else it is not read. */
  readsBody(arrival: Arrival, looked: Looked): boolean
  pass(arrival: Arrival, looked: Looked, raw: Buffer): Promise<Screened>
}

export function createScreen(deps: WebhookDeps): Screen {
  const factsOf = createFacts(deps)
  const readsBody: Screen['readsBody'] = ({ req }, { scripts }) => req.method === 'POST' || scripts.length > 0

  return {
    readsBody,
    async look(document, stepId) {
      const facts = await factsOf(document, stepId)
      if (facts === undefined) return undefined
      const { connector } = facts.step
      const outer = connector === undefined ? undefined : await connectorScript(deps, connector)
      return { facts, scripts: [outer, facts.before].flatMap(script => script ?? []) }
    },
    async pass(arrival, looked, raw) {
      const { facts, scripts } = looked
      const { headers, query } = arrival
      const lines: string[] = []
      const answer = (name: Parameters<typeof table>[0], error?: ScriptError): Screened => ({
        next: 'answer',
        answer: table(name),
        lines,
        ...(error === undefined ? {} : { error }),
      })
      const sentMethod = arrival.req.method ?? 'GET'
      let payload: Payload = { state: 'none' }
      if (readsBody(arrival, looked)) {
        payload = await decoded(raw, headers, deps.limits)
        if (payload.state === 'tooLarge') return answer('tooLarge')
      }
      const { verify } = facts
      const verified = (): boolean => verify === undefined || (verify !== 'impossible' && verifySender(verify, { raw, headers }, Date.now()))
      if (sentMethod === 'POST' && !verified()) return answer('badSignature')

      let method = sentMethod
      if (scripts.length > 0) {
        const given = givenTo(payload)
        try {
          const url = deps.publicUrl + arrival.target.path
          const before = await runBefore(deps.scripting, scripts, { url, method, headers, query, body: given }, lines)
          if (before.next === 'stop') return { next: 'answer', answer: before.answer, lines }
          method = before.method
          payload = afterScript(payload, given, before.body)
        } catch (error) {
          if (!(error instanceof ScriptError)) throw error
          return answer('failed', error)
        }
        if (method === 'POST' && sentMethod !== 'POST' && !verified()) return answer('badSignature')
      }
      if (method === 'GET' || method === 'HEAD') return answer('found')
      if (method !== 'POST') return answer('methodNotAllowed')
      const key = keyOf(headers)
      return key.ok ? { next: 'accept', payload, key: key.key, lines } : answer('badKey')
    },
  }
}
