/** A request to the URL of a template: answered as by a cycle that was never started (webhooks.md 1). */
import type { Identifier } from '../../domain/ids.ts'
import { ScriptError } from '../../scripting/scripting.ts'
import { table, type Answer } from './answers.ts'
import { readBody } from './body.ts'
import { bounded } from './deadline.ts'
import type { WebhookDeps } from './deps.ts'
import type { Arrival, Screen } from './screen.ts'

/** Answers one request; undefined where the sender is gone. Rejects with `StorageUnavailable` where Redis cannot be reached. */
export function createTemplateEndpoint(deps: WebhookDeps, screen: Screen): (arrival: Arrival, identifier: Identifier) => Promise<Answer | undefined> {
  return async (arrival, identifier) => {
    const found = await bounded(deps.templates.byIdentifier(identifier))
    if (found === undefined) return table('notFound')
    const failed = (error: unknown): Answer => {
      if (!(error instanceof ScriptError)) throw error
      deps.logger.error({ template: found.id, step: found.stepId, reason: error.reason }, "the script of a template's webhook failed")
      return table('failed')
    }
    try {
      const looked = await screen.look(found.document, found.stepId)
      if (looked === undefined) return table('notFound')
      let raw: Buffer = Buffer.alloc(0)
      if (screen.readsBody(arrival, looked)) {
        const body = await readBody(arrival.req, arrival.headers['content-length'], deps.limits.maxBody)
        if (body.state === 'gone') return undefined
        if (body.state === 'tooLarge') return table('tooLarge')
        raw = body.raw
      }
      const screened = await screen.pass(arrival, looked, raw)
      if (screened.next === 'accept') return table('inactive')
      return screened.error === undefined ? screened.answer : failed(screened.error)
    } catch (error) {
      return failed(error)
    }
  }
}
