/** `application/x-www-form-urlencoded` bodies, and names with several values in general. */
import type { Json } from '../json.ts'
import { decodeText } from './charset.ts'

/** Collects names and values into an object; a name that comes again gets a list (webhooks.md 3). */
export function collector(): { add(name: string, value: Json): void; object(): Json } {
  const values = new Map<string, Json[]>()
  return {
    add(name, value) {
      const known = values.get(name)
      if (known) known.push(value)
      else values.set(name, [value])
    },
    object: () =>
      Object.fromEntries([...values].map(([name, [first, ...others]]) => [name, others.length === 0 ? (first ?? null) : [first ?? null, ...others]])),
  }
}

/** The fields of a form. Escapes are bytes in `charset`. Throws `CharsetError`, and an `Error` where there are too many. */
export function parseForm(bytes: Buffer, charset: string | undefined, maxFields: number): Json {
  const pairs = bytes.toString('latin1').split('&', maxFields + 1)
  if (pairs.length > maxFields) throw new Error(`the form has more than ${maxFields} fields`)
  const fields = collector()
  for (const pair of pairs) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    fields.add(unescape(at < 0 ? pair : pair.slice(0, at), charset), unescape(at < 0 ? '' : pair.slice(at + 1), charset))
  }
  return fields.object()
}

function unescape(text: string, charset: string | undefined): string {
  const plain = text.replaceAll('+', ' ').replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  return decodeText(Buffer.from(plain, 'latin1'), charset ?? 'utf-8')
}
