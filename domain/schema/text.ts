/** Documents as text: YAML or JSON, with line and column of what cannot be read. */
import { parseDocument as parseYaml, visit } from 'yaml'
import type { Problem } from '../errors.ts'
import { jsonError } from './json-position.ts'
import { parseDocument, type ParsedDocument } from './parse.ts'
import { placeAt } from './places.ts'
import { nestsTooDeeply } from './yaml-depth.ts'

/** How a document is written. */
export type DocumentForm = 'yaml' | 'json'

/** A text as the value that it holds, or why it cannot be read. */
export type ReadText = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problems: Problem[] }

const refused = (message: string): ReadText => ({ ok: false, problems: [{ path: '', message }] })

function problemAt(text: string, offset: number, form: string, why: string): Problem {
  const place = placeAt(text, offset)
  return { path: '', message: `The ${form} cannot be read at line ${place.line}, column ${place.column}: ${why}`, place }
}

const MAX_ERRORS = 20
/** Aliases in a document, and values that they may make together. */
const MAX_ALIASES = 100

function fromYaml(text: string): ReadText {
  if (nestsTooDeeply(text)) return refused('The YAML is nested too deeply')
  try {
    const yaml = parseYaml(text, { prettyErrors: false, uniqueKeys: true, logLevel: 'error' })
    if (yaml.errors.length > 0) {
      return { ok: false, problems: yaml.errors.slice(0, MAX_ERRORS).map(error => problemAt(text, error.pos[0], 'YAML', error.message)) }
    }
    let aliases = 0
    visit(yaml, { Alias: () => void aliases++ })
    if (aliases > MAX_ALIASES) return refused(`The YAML has ${aliases} aliases; at most ${MAX_ALIASES} are taken`)
    return { ok: true, value: yaml.toJS({ maxAliasCount: MAX_ALIASES }) }
  } catch (error) {
    return refused(`The YAML cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function fromJson(text: string): ReadText {
  const wrong = jsonError(text)
  if (wrong) return { ok: false, problems: [problemAt(text, wrong.offset, 'JSON', wrong.expected)] }
  return { ok: true, value: JSON.parse(text) }
}

/** Reads a text without looking at what it says. Never throws; aliases that multiply without end are refused. */
export function readDocumentText(text: string, form: DocumentForm): ReadText {
  const whole = text.startsWith('\ufeff') ? text.slice(1) : text
  return form === 'yaml' ? fromYaml(whole) : fromJson(whole)
}

/** Parses the text of a document. Never throws. */
export function parseDocumentText(text: string, form: DocumentForm): ParsedDocument {
  const read = readDocumentText(text, form)
  return read.ok ? parseDocument(read.value) : read
}
