/** JSON as XML: the inverse of how XML bodies are read (webhooks.md 3): `@name` attributes, `#text`, lists as repeated elements. */
import type { Json } from './json.ts'
import { isJsonObject } from './objects.ts'

/** The value has no form in XML: a name that no element can have, or a character that XML excludes. */
export class XmlError extends Error {
  override readonly name = 'XmlError'
}

const NAME = /^[\p{L}_][\p{L}\p{N}\p{M}_.\-·]*(?::[\p{L}_][\p{L}\p{N}\p{M}_.\-·]*)?$/u
// oxlint-disable-next-line no-control-regex
const EXCLUDED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u
const ENTITIES: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;', '\n': '&#10;', '\t': '&#9;' }

function escape(value: Json, pattern: RegExp): string {
  const text = value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)
  if (EXCLUDED.test(text)) throw new XmlError('XML cannot hold control characters or halves of characters')
  return text.replace(pattern, character => ENTITIES[character] ?? character)
}

const checked = (name: string): string => {
  if (!NAME.test(name)) throw new XmlError(`${JSON.stringify(name)} cannot be the name of an XML element or attribute`)
  return name
}

function element(name: string, value: Json): string {
  if (Array.isArray(value)) return value.map(each => element(name, Array.isArray(each) ? { item: each } : each)).join('')
  let attributes = ''
  let content = ''
  if (isJsonObject(value)) {
    for (const [key, child] of Object.entries(value)) {
      if (key === '#text') content += escape(child, /[&<>\r]/g)
      else if (key.startsWith('@')) attributes += ` ${checked(key.slice(1))}="${escape(child, /[&<>"\r\n\t]/g)}"`
      else content += element(key, child)
    }
  } else content = escape(value, /[&<>\r]/g)
  return content === '' ? `<${checked(name)}${attributes}/>` : `<${checked(name)}${attributes}>${content}</${name}>`
}

/**
 * An object whose one key is the document element becomes that document; anything else stands in an element `root` (a list: in its elements `item`).
 * A string is taken as XML that the author wrote. Throws `XmlError`.
 */
export function serializeXml(value: Json): string {
  if (typeof value === 'string') return value
  if (isJsonObject(value)) {
    const [first, ...others] = Object.entries(value)
    if (first && others.length === 0 && !Array.isArray(first[1]) && !/^[@#]/.test(first[0])) return element(first[0], first[1])
  }
  return element('root', Array.isArray(value) ? { item: value } : value)
}
