/** The JavaScript of a document, so that it can be parsed before it is saved (webhooks.md 8). */
import type { CycleDocument, Step } from '../document.ts'
import { parseInlineScript, scriptSource } from '../inline-script.ts'
import type { Json } from '../json.ts'
import { isJsonObject } from '../objects.ts'
import { mergedProperties } from './merge-rules.ts'
import { placeText } from './paths.ts'

export interface ScriptSource {
  readonly path: string
  readonly source: string
  readonly kind: 'script' | 'expression'
}

/** Inline scripts come as they are evaluated: merge fields are variables. */
function expressionsIn(value: Json | undefined, path: readonly PropertyKey[]): ScriptSource[] {
  if (typeof value === 'string') {
    return value.startsWith('=') ? [{ path: placeText(path), source: scriptSource(parseInlineScript(value.slice(1))), kind: 'expression' }] : []
  }
  if (Array.isArray(value)) return value.flatMap((element, i) => expressionsIn(element, [...path, i]))
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([name, child]) => expressionsIn(child, [...path, name]))
}

function wholeScript(step: Step): { readonly property: string; readonly source: string } | undefined {
  if (step.type === 'script') return { property: 'source', source: step.source }
  if (step.type !== 'webhook' && step.type !== 'request' && step.type !== 'method') return undefined
  return step.script === undefined ? undefined : { property: 'script', source: step.script }
}

/** Every script and inline script with the place where it stands. */
export function scriptsOf(doc: CycleDocument): ScriptSource[] {
  return doc.steps.flatMap((step, i): ScriptSource[] => {
    const whole = wholeScript(step)
    const own: ScriptSource[] = whole ? [{ path: `steps[${i}].${whole.property}`, source: whole.source, kind: 'script' }] : []
    const inline = Object.entries(step).flatMap(([name, value]: [string, Json]) =>
      mergedProperties[step.type]?.includes(name) === true ? expressionsIn(value, ['steps', i, name]) : [],
    )
    return [...own, ...inline]
  })
}
