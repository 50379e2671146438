/** Filling values in (cycles.md 3): merge fields, property names, inline scripts. Pure and deterministic: it runs in workflows. */
import { StepError } from './errors.ts'
import type { Json, JsonObject } from './json.ts'
import { parseInlineScript, scriptSource, type ScriptField } from './inline-script.ts'
import { parseText } from './merge-field.ts'
import { isJsonObject, setOwn } from './objects.ts'
import type { Lookup, Path } from './path.ts'
import { jsonSize, MAX_VALUE_BYTES } from './size.ts'
import { escapeMarks, mapTexts, secretReference } from './secrets.ts'

/** An inline script to be evaluated: `values` are its variables. */
export interface InlineExpression {
  readonly expression: string
  readonly values: JsonObject
}

export interface Resolved {
  /** The final value where there are no `expressions`; with them, what it is without their results. Undefined: a missing value that stood alone. */
  readonly value: Json | undefined
  readonly expressions: readonly InlineExpression[]
  /** The final value, given the results of `expressions` in their order; undefined leaves a property out. */
  readonly fill: (results: readonly (Json | undefined)[]) => Json | undefined
}

export interface ResolveOptions {
  /**
   * True for steps of type `request` only: references of secret variables go in, and text of data that looks like one is escaped:
   * the activity must call `fillSecrets` on the result. Without it a secret variable is a missing value.
   */
  readonly secrets?: boolean
}

type Filler = (results: readonly (Json | undefined)[]) => Json | undefined

/** A value as it is written into text: objects and lists as JSON, missing ones as nothing. */
export function toText(value: Json | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/**
 * Resolves every string of a step's property. A string that is one merge field becomes the value itself; others are text with the values
 * written in; a missing value that stands alone leaves its property out, and becomes null in a list. `=` begins an inline script, `\=` and `\{{` are literal.
 * Throws `StepError` where too much data would be written.
 */
export function resolveStep(value: Json, lookup: Lookup, options: ResolveOptions = {}): Resolved {
  const expressions: InlineExpression[] = []
  const secrets = options.secrets === true
  const guarded = new Map<Json, Json>()
  const guard = (data: Json): Json => {
    if (!secrets) return data
    const known = guarded.get(data) ?? mapTexts(data, escapeMarks)
    guarded.set(data, known)
    return known
  }

  const isSecret = (path: Path, found: Json | undefined): boolean => {
    const name = path.segments[0]
    return path.root === 'variables' && path.segments.length === 1 && name?.kind === 'name' && found === secretReference(name.name)
  }
  // A short document could else repeat a payload thousands of times.
  let written = 0
  const count = (found: Json | undefined): void => {
    written += jsonSize(found, MAX_VALUE_BYTES)
    if (written > MAX_VALUE_BYTES)
      throw new StepError('buildFailed', `Its merge fields write more than ${MAX_VALUE_BYTES} bytes of data, or data that nests too deeply`)
  }
  const look = (path: Path): Json | undefined => {
    const found = lookup(path)
    count(found)
    if (isSecret(path, found)) return secrets ? found : undefined
    return found === undefined ? undefined : guard(found)
  }
  const text = (source: string): string =>
    parseText(source)
      .parts.map(part => (typeof part === 'string' ? part : toText(look(part))))
      .join('')

  const script = (source: string): Filler => {
    const parsed = parseInlineScript(source)
    const values: JsonObject = {}
    const missing = new Set<ScriptField>()
    let fields = 0
    for (const part of parsed.parts) {
      if (typeof part === 'string') continue
      fields++
      const found = lookup(part.path)
      count(found)
      if (found === undefined || isSecret(part.path, found)) missing.add(part)
      else values[`$${fields}`] = part.text ? toText(found) : found
    }
    const index = expressions.push({ expression: scriptSource(parsed, field => missing.has(field)), values }) - 1
    return results => {
      const result = results[index]
      if (jsonSize(result, MAX_VALUE_BYTES) > MAX_VALUE_BYTES)
        throw new StepError('buildFailed', 'An inline script gave too much data, or data that nests too deeply')
      return result === undefined ? undefined : guard(result)
    }
  }
  const string = (source: string): Filler => {
    if (source.startsWith('=')) return script(source.slice(1))
    const body = source.startsWith('\\=') ? source.slice(1) : source
    const { parts } = parseText(body)
    const [only] = parts
    const final = parts.length === 1 && only !== undefined && typeof only !== 'string' ? look(only) : text(body)
    return () => final
  }
  const node = (part: Json): Filler => {
    if (typeof part === 'string') return string(part)
    if (Array.isArray(part)) {
      const elements = part.map(node)
      return results => elements.map(element => element(results) ?? null)
    }
    if (!isJsonObject(part)) return () => part
    const properties = Object.entries(part).map(([name, child]) => [text(name), node(child)] as const)
    return results => {
      const object: JsonObject = {}
      for (const [name, child] of properties) {
        const found = child(results)
        if (found !== undefined) setOwn(object, name, found)
      }
      return object
    }
  }
  const fill = node(value)
  return { value: fill([]), expressions, fill }
}
