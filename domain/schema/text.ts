/** Documents as text: YAML or JSON, with line and column of what cannot be read. */
import { parseDocument as parseYaml, visit } from 'yaml'
import { jsonError } from './json-position.ts'
import { parseDocument, type ParsedDocument } from './parse.ts'
import { nestsTooDeeply } from './yaml-depth.ts'

const refused = (message: string): ParsedDocument => ({ ok: false, problems: [{ path: '', message }] })

function place(text: string, offset: number): string {
  const before = text.slice(0, offset)
  return `line ${before.split('\n').length}, column ${offset - before.lastIndexOf('\n')}`
}

const MAX_ERRORS = 20
/** Aliases in a document, and values that they may make together. */
const MAX_ALIASES = 100

function fromYaml(text: string): ParsedDocument {
  if (nestsTooDeeply(text)) return refused('The YAML is nested too deeply')
  try {
    const yaml = parseYaml(text, { prettyErrors: false, uniqueKeys: true, logLevel: 'error' })
    if (yaml.errors.length > 0) {
      const problems = yaml.errors
        .slice(0, MAX_ERRORS)
        .map(error => ({ path: '', message: `The YAML cannot be read at ${place(text, error.pos[0])}: ${error.message}` }))
      return { ok: false, problems }
    }
    let aliases = 0
    visit(yaml, { Alias: () => void aliases++ })
    if (aliases > MAX_ALIASES) return refused(`The YAML has ${aliases} aliases; at most ${MAX_ALIASES} are taken`)
    const value: unknown = yaml.toJS({ maxAliasCount: MAX_ALIASES })
    return parseDocument(value)
  } catch (error) {
    return refused(`The YAML cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function fromJson(text: string): ParsedDocument {
  const wrong = jsonError(text)
  if (wrong) return refused(`The JSON cannot be read at ${place(text, wrong.offset)}: ${wrong.expected}`)
  const value: unknown = JSON.parse(text)
  return parseDocument(value)
}

/** Parses the text of a document. Never throws; aliases that multiply without end are refused. */
export function parseDocumentText(text: string, form: 'yaml' | 'json'): ParsedDocument {
  const whole = text.startsWith('\ufeff') ? text.slice(1) : text
  return form === 'yaml' ? fromYaml(whole) : fromJson(whole)
}
