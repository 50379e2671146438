/** Brings the partner's connectors to what documents say: each document is the connector of its name. */
import { z } from 'zod'
import type { ConnectorDocument } from '../domain/connector.ts'
import type { Problem } from '../domain/errors.ts'
import { isObject } from '../domain/objects.ts'
import { DOCUMENT_MAX, parseConnector, readDocumentText } from '../domain/schema/index.ts'
import { connector, type Connector } from './answers.ts'
import type { Api } from './api.ts'
import { inPlace, syntaxError, tooLarge, type Placed } from './documents.ts'
import { CliError } from './exit.ts'
import type { DocumentFile } from './files.ts'
import { compare } from './same.ts'

export interface ValidConnector {
  readonly state: 'valid'
  readonly file: DocumentFile
  readonly document: ConnectorDocument
  readonly value: unknown
}
type CheckedConnector =
  | ValidConnector
  | { readonly state: 'invalid'; readonly file: DocumentFile; readonly problems: readonly Placed[] }
  /** Found in a folder, and something else than a connector. */
  | { readonly state: 'other'; readonly file: DocumentFile }

export function checkConnector(file: DocumentFile): CheckedConnector {
  const invalid = (problems: readonly Problem[]): CheckedConnector => ({ state: 'invalid', file, problems: inPlace(file, problems) })
  const size = Buffer.byteLength(file.text)
  if (size > DOCUMENT_MAX) return invalid([tooLarge(size)])
  const read = readDocumentText(file.text, file.form)
  if (!read.ok) return invalid(read.problems)
  if (file.found && !(isObject(read.value) && 'methods' in read.value)) return { state: 'other', file }
  const parsed = parseConnector(read.value)
  if (!parsed.ok) return invalid(parsed.problems)
  const { script = '' } = parsed.document
  const message = script === '' ? undefined : syntaxError({ path: 'script', source: script, kind: 'script' })
  return message === undefined ? { state: 'valid', file, document: parsed.document, value: read.value } : invalid([{ path: 'script', message }])
}

export interface AppliedConnector {
  readonly result: 'created' | 'updated' | 'unchanged' | 'refused'
  /** As it stands now; undefined where it was not made. */
  readonly connector?: Connector
  readonly problem?: CliError
  readonly note?: string
}

/**
 * `known`: all connectors. Its OAuth client, which no document has, stays as it is. What the server refuses is told in the result; throws what would keep
 * the next document from being applied too.
 */
export async function applyConnector(api: Api, { file, document, value }: ValidConnector, known: readonly Connector[]): Promise<AppliedConnector> {
  const before = known.find(({ Name }) => Name === document.name)
  if (before !== undefined && compare(z.json().parse(document), before.Definition) === 'same') return { result: 'unchanged', connector: before }
  const [method, path] = before === undefined ? ['POST', '/connectors'] : ['PUT', `/connectors/${encodeURIComponent(before.Id)}`]
  try {
    const now = (await api.call(method, path, connector, file.form === 'yaml' ? { yaml: file.text } : { json: { Definition: value } })).value
    const notes = notesOf(document, before, now)
    return { result: before === undefined ? 'created' : 'updated', connector: now, ...(notes.length === 0 ? {} : { note: notes.join(' ') }) }
  } catch (error) {
    if (!(error instanceof CliError && (error.exit === 'refused' || error.exit === 'invalid'))) throw error
    return { result: 'refused', ...(before === undefined ? {} : { connector: before }), problem: error }
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
