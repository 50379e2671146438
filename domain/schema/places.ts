/** Where the parts of a document stand in its text, for those who look at problems in an editor. */
import { isMap, isPair, isScalar, isSeq, parseDocument as parseYaml, type ParsedNode } from 'yaml'
import type { TextPlace } from '../errors.ts'
import { pathOfText } from './paths.ts'
import { nestsTooDeeply } from './yaml-depth.ts'

const START: TextPlace = { line: 1, column: 1 }

/** Line and column of an offset, both from 1. */
export function placeAt(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

/**
 * Finds the place of a path as problems name it (`steps[1].method`): the property's name, the element of a list; of what is missing, the nearest
 * part around it that is there. JSON is read as the YAML that it is. Never throws.
 */
export function placesIn(text: string): (path: string) => TextPlace {
  const root = rootOf(text)
  return path => {
    let found: unknown = root
    let offset = root?.range?.[0] ?? 0
    for (const part of pathOfText(path)) {
      const next = childOf(found, part)
      if (next === undefined) break
      offset = next.offset
      found = next.node
    }
    return offset === 0 ? START : placeAt(text, offset)
  }
}

function rootOf(text: string): ParsedNode | undefined {
  if (nestsTooDeeply(text)) return undefined
  try {
    return parseYaml(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'error' }).contents ?? undefined
  } catch {
    return undefined
  }
}

function childOf(node: unknown, part: string | number): { readonly node: unknown; readonly offset: number } | undefined {
  if (isSeq(node) && typeof part === 'number') {
    const element = node.items[part]
    const offset = offsetOf(element)
    return offset === undefined ? undefined : { node: element, offset }
  }
  if (!isMap(node)) return undefined
  // Of a name that stands there twice the last one counts, as in JSON.
  const pair = node.items.findLast(item => isPair(item) && isScalar(item.key) && String(item.key.value) === String(part))
  const offset = offsetOf(pair?.key)
  return offset === undefined ? undefined : { node: pair?.value, offset }
}

/** A flow mapping within a list begins at its bracket, a block one at its first name. */
function offsetOf(node: unknown): number | undefined {
  if (isScalar(node) || isMap(node) || isSeq(node)) return node.range?.[0]
  return isPair(node) ? offsetOf(node.key) : undefined
}
