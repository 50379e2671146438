/** One request to the partner webhook of a connector: accepted once, into the connector's inbox (webhooks.md 9). The order is that of webhooks.md 2. */
import { randomUUID } from 'node:crypto'
import type { WebhookData } from '../../domain/document.ts'
import { ScriptError } from '../../scripting/scripting.ts'
import { table, type Answer } from './answers.ts'
import { readBody } from './body.ts'
import { beforeOf } from './connector-script.ts'
import { bounded } from './deadline.ts'
import type { WebhookDeps } from './deps.ts'
import type { Exchange } from './exchange.ts'
import { afterScript, decoded, givenTo, type Payload } from './payload.ts'
import { headersOf, isIdentifier, keyOf, queryOf, storedHeaders, tooLarge } from './request.ts'
import { runBefore, type BeforeScript } from './scripts.ts'

const REPEATED = { replayed: true } as const

/** Answers one request; undefined where the sender is gone. Rejects with `StorageUnavailable` where Redis cannot be reached. `arrived`: an event was accepted. */
export function createPartnerEndpoint(deps: WebhookDeps, arrived: () => void): (exchange: Exchange) => Promise<Answer | undefined> {
  const { connectors, partner, limits, logger, scripting } = deps

  return async ({ target, req }) => {
    if (!isIdentifier(target.identifier)) return table('notFound')
    const [connector] = (await bounded(connectors.listOf(target.identifier, { page: 1, pageSize: 1 }))).items
    const definition = connector?.value.definition
    if (connector === undefined || definition?.externalIds === undefined) return table('notFound')
    const failed = (error: unknown): Answer => {
      if (!(error instanceof ScriptError)) throw error
      logger.error({ connector: connector.id, reason: error.reason }, "the script of a connector's partner webhook failed")
      return table('failed')
    }
    let before: BeforeScript | undefined
    try {
      before = await beforeOf({ scripting }, definition.script)
    } catch (error) {
      return failed(error)
    }

    const [headers, query] = [headersOf(req), queryOf(target.search)]
    let method = req.method ?? 'GET'
    let payload: Payload = { state: 'none' }
    if (method === 'POST' || before !== undefined) {
      const body = await readBody(req, headers['content-length'], limits.maxBody)
      if (body.state === 'gone') return undefined
      if (body.state === 'tooLarge') return table('tooLarge')
      payload = await decoded(body.raw, headers, limits)
      if (payload.state === 'tooLarge') return table('tooLarge')
    }
    if (before !== undefined) {
      const given = givenTo(payload)
      try {
        const after = await runBefore(scripting, [before], { url: deps.publicUrl + target.path, method, headers, query, body: given }, [])
        if (after.next === 'stop') return after.answer
        method = after.method
        payload = afterScript(payload, given, after.body)
      } catch (error) {
        return failed(error)
      }
    }
    if (method === 'GET' || method === 'HEAD') return table('found')
    if (method !== 'POST') return table('methodNotAllowed')
    const key = keyOf(headers)
    if (!key.ok) return table('badKey')
    const seen = async (): Promise<boolean> => key.key !== undefined && (await bounded(partner.known(connector.id, key.key)))
    if (payload.state !== 'read') return (await seen()) ? table('accepted', REPEATED) : table('unparsable')
    const data: WebhookData = { body: payload.body, headers: storedHeaders(headers, undefined), query, method: 'POST' }
    const encoded = JSON.stringify(data)
    if (tooLarge(encoded)) return (await seen()) ? table('accepted', REPEATED) : table('tooLarge')
    const event = { id: randomUUID(), data: encoded, ...(key.key === undefined ? {} : { key: key.key }) }
    const accepted = await bounded(partner.accept(connector.id, event))
    if (accepted === 'accepted') arrived()
    return accepted === 'full' ? table('full') : table('accepted', { replayed: accepted === 'replayed' })
  }
}
