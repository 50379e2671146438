/** Sizes are checked before a value is sent anywhere (architecture.md 5): one value may hold another many times over, so it is not simply written out. */
/**
 * Most bytes, as JSON, of one value that a transaction takes or makes: an answer may have 10 MiB (operations.md 4), and its JSON be longer than it
 * (a Latin letter of an older charset takes twice its byte, a base64 text a third more).
 */
export const MAX_VALUE_BYTES = 32 * 1024 * 1024
/** The same for the data of all steps of a transaction together, of which a worker holds many. */
export const MAX_DATA_BYTES = 64 * 1024 * 1024

/** Control characters that JSON writes in two characters: \b \t \n \f \r. */
const shortEscape = (code: number): boolean => code >= 8 && code <= 13 && code !== 11

/** Bytes of a JSON string in UTF-8, quotes included. */
function textBytes(text: string): number {
  let bytes = 2
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20) bytes += shortEscape(code) ? 2 : 6
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

/** Deepest value that is counted, above what a body may have (`MAX_DEPTH`): what walks deeper ones recursively could exhaust the stack. */
const MAX_DEPTH = 1_100

/**
 * Bytes of the value as JSON, a few too many; a value above `max` is not counted to its end.
 * Infinite where the value nests deeper than 1,100 levels.
 */
export function jsonSize(value: unknown, max = Infinity): number {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }]
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
      const properties: [string, unknown][] = Object.entries(part)
      for (const [name, child] of properties) {
        bytes += textBytes(name) + 2
        open.push({ value: child, depth: depth + 1 })
      }
    } else bytes += part === undefined ? 0 : String(part).length
  }
  return bytes
}
