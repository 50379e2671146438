/** Whether a document is the one that the server has, as far as that can be seen: secrets show as `********` there. */
import type { Json } from '../domain/json.ts'
import { isJsonObject } from '../domain/objects.ts'
import { MASK } from '../domain/secrets.ts'

/** `maybe`: equal but for secrets that the document has in clear. */
export type Sameness = 'same' | 'maybe' | 'other'

export function compare(document: Json | undefined, server: Json | undefined): Sameness {
  if (server === MASK && typeof document === 'string' && document !== '') return document === MASK ? 'same' : 'maybe'
  if (Array.isArray(document) && Array.isArray(server)) {
    return document.length === server.length ? all(document.map((element, at) => compare(element, server[at]))) : 'other'
  }
  if (isJsonObject(document) && isJsonObject(server)) {
    return all([...new Set([...Object.keys(document), ...Object.keys(server)])].map(name => compare(document[name], server[name])))
  }
  return document === server ? 'same' : 'other'
}

const all = (parts: readonly Sameness[]): Sameness => (parts.includes('other') ? 'other' : parts.includes('maybe') ? 'maybe' : 'same')
