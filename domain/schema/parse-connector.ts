/** A connector document is parsed whole, as a cycle is: all that is wrong with it is told at once (connectors.md 1). */
import type { ConnectorDocument } from '../connector.ts'
import type { Problem } from '../errors.ts'
import { connectorRules } from './connector-rules.ts'
import { connectorSchema } from './connector.ts'
import { problemsOf } from './issues.ts'
import { asJson } from './json-limits.ts'
import { readDocumentText, type DocumentForm } from './text.ts'
import { vocabularyOf } from './vocabulary.ts'

export type ParsedConnector = { readonly ok: true; readonly document: ConnectorDocument } | { readonly ok: false; readonly problems: Problem[] }

const MAX_PROBLEMS = 500

/** Parses a document that was read from JSON or YAML. Never throws. */
export function parseConnector(input: unknown): ParsedConnector {
  const json = asJson(input)
  if (!json.ok) return { ok: false, problems: [json.problem] }
  const parsed = connectorSchema.safeParse(json.value)
  const problems = [
    ...(parsed.success ? [] : problemsOf(parsed.error, json.value, MAX_PROBLEMS + 1, vocabularyOf(connectorSchema, json.value))),
    ...connectorRules(json.value),
  ]
  if (parsed.success && problems.length === 0) return { ok: true, document: parsed.data }
  const all = [...new Map(problems.map(problem => [`${problem.path}\n${problem.message}`, problem])).values()]
  if (all.length <= MAX_PROBLEMS) return { ok: false, problems: all }
  return { ok: false, problems: [...all.slice(0, MAX_PROBLEMS), { path: '', message: `There are more than ${MAX_PROBLEMS} problems` }] }
}

/** Parses the text of a document. Never throws. */
export function parseConnectorText(text: string, form: DocumentForm): ParsedConnector {
  const read = readDocumentText(text, form)
  return read.ok ? parseConnector(read.value) : read
}
