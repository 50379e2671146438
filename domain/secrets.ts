/**
 * Secrets in values (cycles.md 3): in the workflow a secret variable is a reference, a marked piece of text; the activity puts the value in.
 * The marks are noncharacters of Unicode. Data that holds one is escaped on its way into a request, so nobody can write a reference into a payload.
 */
import type { Json, JsonObject } from './json.ts'
import { isJsonObject, setOwn } from './objects.ts'

const OPEN = '\ufdd0'
const CLOSE = '\ufdd1'
const REFERENCE = /\ufdd0([^\ufdd1]*)\ufdd1/g

/** What people see in place of a secret, and may send back to keep it (webhooks.md 10). */
export const MASK = '********'

/** The reference of a secret variable: the text that stands for its value. */
export const secretReference = (name: string): string => `${OPEN}${name}${CLOSE}`

/** Applies a change to every text of a value, property names included. */
export function mapTexts(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map(element => mapTexts(element, change))
  if (!isJsonObject(value)) return value
  const object: JsonObject = {}
  for (const [name, child] of Object.entries(value)) setOwn(object, change(name), mapTexts(child, change))
  return object
}

/** Keeps text of data from being read as a reference; `fillSecrets` turns it back. */
export const escapeMarks = (text: string): string => (text.includes(OPEN) ? text.replaceAll(OPEN, OPEN + CLOSE) : text)

/** Settings as merge fields are filled with them: `escapeMarks` for each. */
export const escapedSettings = (settings: { readonly [name: string]: string }): { [name: string]: string } =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, escapeMarks(value)]))

/** Puts the secrets into one text. */
export function fillText(text: string, lookup: (name: string) => string | undefined): string {
  if (!text.includes(OPEN)) return text
  return text.replace(REFERENCE, (_, name: string) => (name === '' ? OPEN : (lookup(name) ?? '')))
}

/** Puts the secrets in. A variable without a value becomes nothing. Only for values that were resolved with `secrets: true`. */
export const fillSecrets = (value: Json, lookup: (name: string) => string | undefined): Json => mapTexts(value, text => fillText(text, lookup))

/**
 * Stand-ins for the secrets of one request, through which a script can move them about in it (docs/decisions/0009). It can make none up, for they are
 * random; it can keep none, for they mean nothing elsewhere; and what it writes besides is data, also where that looks like a reference.
 */
export interface StandIns {
  /** A value with references as the script sees it: a word in place of each, and text of data as it was before it was escaped. */
  show(value: Json): Json
  /** What the script made of it: words are references again, all other text is escaped. */
  restore(value: Json): Json
  /** Masks the words in a text that goes elsewhere than into the request. */
  mask(text: string): string
}

/** They stand unchanged in URLs, forms, headers and JSON. */
const STAND_IN = /secret_[0-9a-f]{32}/g

/** `random`: 32 hexadecimal digits that nobody can guess. */
export function createStandIns(random: () => string): StandIns {
  const words = new Map<string, string>()
  const references = new Map<string, string>()
  const wordFor = (name: string): string => {
    const word = words.get(name) ?? `secret_${random()}`
    words.set(name, word)
    references.set(word, secretReference(name))
    return word
  }
  return {
    show: value => fillSecrets(value, wordFor),
    restore: value => mapTexts(value, text => escapeMarks(text).replace(STAND_IN, word => references.get(word) ?? word)),
    mask: text => text.replace(STAND_IN, word => (references.has(word) ? MASK : word)),
  }
}

/** In the name of a reference to the percent-encoded value. */
const ENCODED = '%'

/** Encodes text for a URL; references in it become those of the encoded secrets, and escaped marks the characters that they are. */
export const encodeReferences = (text: string, encode: (text: string) => string): string =>
  text
    .split(/(\ufdd0[^\ufdd1]*\ufdd1)/)
    .map((piece, at) => (at % 2 === 0 ? encode(piece) : piece === OPEN + CLOSE ? encode(OPEN) : secretReference(ENCODED + piece.slice(1, -1))))
    .join('')

/** Secrets by their names, and percent-encoded by those that `encodeReferences` makes. */
export function withEncoded(secrets: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const encoded = [...secrets].map(([name, secret]): [string, string] => [ENCODED + name, encodeURIComponent(secret.replaceAll(/\p{Surrogate}/gu, '\ufffd'))])
  return new Map([...secrets, ...encoded])
}
