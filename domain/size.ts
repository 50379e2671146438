/** Sizes are checked before a value is sent anywhere (architecture.md 5): one value may hold another many times over, so it is not simply written out. */
import type { Json } from './json.ts'

/** Bytes of a JSON string in UTF-8, quotes included, escapes taken at their longest for control characters. */
function textBytes(text: string): number {
  let bytes = 2
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20) bytes += 6
    else if (code >= 0xd800 && code < 0xe000) {
      const next = text.charCodeAt(i + 1)
      const pair = code < 0xdc00 && next >= 0xdc00 && next < 0xe000
      bytes += pair ? 4 : 6
      if (pair) i++
    } else if (code < 0x80) bytes += code === 0x22 || code === 0x5c ? 2 : 1
    else bytes += code < 0x800 ? 2 : 3
  }
  return bytes
}

/** Deepest value that is counted: what walks deeper ones recursively could exhaust the stack. */
const MAX_DEPTH = 200

/**
 * Bytes of the value as JSON; a value above `max` is not counted to its end. Slightly too many for control characters.
 * Infinite where the value nests deeper than 200 levels.
 */
export function jsonSize(value: Json | undefined, max = Infinity): number {
  const open: { readonly value: Json | undefined; readonly depth: number }[] = [{ value, depth: 0 }]
  let bytes = 0
  for (let next = open.pop(); next && bytes <= max; next = open.pop()) {
    const { value: part, depth } = next
    if (depth > MAX_DEPTH) return Infinity
    if (typeof part === 'string') bytes += part.length > max ? part.length : textBytes(part)
    else if (Array.isArray(part)) {
      bytes += 2 + part.length
      for (const element of part) open.push({ value: element, depth: depth + 1 })
    } else if (typeof part === 'object' && part !== null) {
      bytes += 2
      for (const [name, child] of Object.entries(part)) {
        bytes += textBytes(name) + 2
        open.push({ value: child, depth: depth + 1 })
      }
    } else bytes += part === undefined ? 0 : String(part).length
  }
  return bytes
}
