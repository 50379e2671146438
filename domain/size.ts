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

/** Bytes of the value as JSON; a value above `max` is not counted to its end. Slightly too many for control characters. */
export function jsonSize(value: Json | undefined, max = Infinity): number {
  const open: (Json | undefined)[] = [value]
  let bytes = 0
  while (open.length > 0 && bytes <= max) {
    const next = open.pop()
    if (typeof next === 'string') bytes += next.length > max ? next.length : textBytes(next)
    else if (Array.isArray(next)) {
      bytes += 2 + next.length
      for (const element of next) open.push(element)
    } else if (typeof next === 'object' && next !== null) {
      bytes += 2
      for (const [name, child] of Object.entries(next)) {
        bytes += textBytes(name) + 2
        open.push(child)
      }
    } else bytes += next === undefined ? 0 : String(next).length
  }
  return bytes
}
