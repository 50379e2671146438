/** Brings the partner's connectors to what documents say: each document is the connector of its name. */
import { z } from 'zod'
import type { ConnectorDocument } from '../domain/connector.ts'
import { parseConnector } from '../domain/schema/index.ts'
import { connector, type Connector } from './answers.ts'
import type { Api } from './api.ts'
import { bodyOf, refusal, type Applied } from './applied.ts'
import { checker, withScripts, type Valid } from './documents.ts'
import { compare } from './same.ts'

export const checkConnector = checker('methods', value =>
  withScripts(parseConnector(value), ({ script = '' }) => (script === '' ? [] : [{ path: 'script', source: script, kind: 'script' }])),
)

export interface AppliedConnector extends Applied {
  /** As it stands now; undefined where it was not made. */
  readonly connector?: Connector
}

/**
 * `known`: all connectors. Its OAuth client, which no document has, stays as it is. What the server refuses is told in the result; throws what would keep
 * the next document from being applied too.
 */
export async function applyConnector(api: Api, checked: Valid<ConnectorDocument>, known: readonly Connector[]): Promise<AppliedConnector> {
  const { document } = checked
  const before = known.find(({ Name }) => Name === document.name)
  if (before !== undefined && compare(z.json().parse(document), before.Definition) === 'same') return { result: 'unchanged', connector: before }
  const [method, path] = before === undefined ? ['POST', '/connectors'] : ['PUT', `/connectors/${encodeURIComponent(before.Id)}`]
  try {
    const now = (await api.call(method, path, connector, bodyOf(checked))).value
    const notes = notesOf(document, before, now)
    return { result: before === undefined ? 'created' : 'updated', connector: now, ...(notes.length === 0 ? {} : { note: notes.join(' ') }) }
  } catch (error) {
    return { result: 'refused', ...(before === undefined ? {} : { connector: before }), problem: refusal(error) }
  }
}

function notesOf({ authentication }: ConnectorDocument, before: Connector | undefined, now: Connector): string[] {
  const url = now.PartnerWebhookUrl
  return [
    ...(before === undefined && authentication.type === 'oauth2'
      ? [`Its OAuth client is in no file: set OAuthClientId and OAuthClientSecret with PUT /v1.0/connectors/${now.Id}.`]
      : []),
    ...(url === undefined || url === before?.PartnerWebhookUrl ? [] : [`Its partner webhook: ${url}`]),
  ]
}
