/** Documents as text: YAML or JSON, with line and column of what cannot be read. */
import { parseDocument as parseYaml } from 'yaml'
import { parseDocument, type ParsedDocument } from './parse.ts'

const refused = (message: string): ParsedDocument => ({ ok: false, problems: [{ path: '', message }] })

function place(text: string, offset: number): string {
  const before = text.slice(0, offset)
  return `line ${before.split('\n').length}, column ${offset - before.lastIndexOf('\n')}`
}

function fromYaml(text: string): ParsedDocument {
  try {
    const yaml = parseYaml(text, { prettyErrors: false, uniqueKeys: true, logLevel: 'silent' })
    if (yaml.errors.length > 0) {
      return {
        ok: false,
        problems: yaml.errors.map(error => ({ path: '', message: `The YAML cannot be read at ${place(text, error.pos[0])}: ${error.message}` })),
      }
    }
    const value: unknown = yaml.toJS({ maxAliasCount: 100 })
    return parseDocument(value)
  } catch (error) {
    if (error instanceof RangeError) return refused('The YAML is nested too deeply')
    return refused(`The YAML cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function fromJson(text: string): ParsedDocument {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const offset = /at position (\d+)/.exec(message)?.[1]
    const what = message.replace(/,? *(in JSON)? at position.*$/s, '').replace(/, ".*" is not valid JSON$/s, '')
    return refused(`The JSON cannot be read at ${place(text, offset === undefined ? text.length : Number(offset))}: ${what}`)
  }
  return parseDocument(value)
}

/** Parses the text of a document. Never throws; aliases that multiply without end are refused. */
export function parseDocumentText(text: string, form: 'yaml' | 'json'): ParsedDocument {
  const whole = text.startsWith('\ufeff') ? text.slice(1) : text
  return form === 'yaml' ? fromYaml(whole) : fromJson(whole)
}
