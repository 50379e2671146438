/**
 * Secrets in values (cycles.md 3): in the workflow a secret variable is a reference, a marked piece of text; the activity puts the value in.
 * The marks are noncharacters of Unicode. Data that holds one is escaped on its way into a request, so nobody can write a reference into a payload.
 */
import type { CycleDocument, Verify } from './document.ts'
import type { Problem } from './errors.ts'
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

/** Puts the secrets in. A variable without a value becomes nothing. Only for values that were resolved with `secrets: true`. */
export function fillSecrets(value: Json, lookup: (name: string) => string | undefined): Json {
  return mapTexts(value, text => (text.includes(OPEN) ? text.replace(REFERENCE, (_, name: string) => (name === '' ? OPEN : (lookup(name) ?? ''))) : text))
}

/** The names of the secret variables that a value refers to. */
export function secretsIn(value: Json): Set<string> {
  const names = new Set<string>()
  mapTexts(value, text => {
    for (const match of text.matchAll(REFERENCE)) if (match[1]) names.add(match[1])
    return text
  })
  return names
}

/** The forms in which a secret can turn up in a URL, a form, a JSON text or a header. */
function formsOf(secret: string): string[] {
  const plain = secret.replace(/\p{Surrogate}/gu, '\ufffd')
  return [secret, encodeURIComponent(plain), encodeURIComponent(plain).replaceAll('%20', '+'), JSON.stringify(secret).slice(1, -1)]
}

/** Makes a function that masks every occurrence of the secrets in a text, also URL-encoded and JSON-escaped ones. Longer secrets first, so that none shows in part. */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const forms = [...new Set([...secrets].filter(secret => secret !== '').flatMap(formsOf))].sort((a, b) => b.length - a.length)
  return text => forms.reduce((masked, form) => masked.replaceAll(form, MASK), text)
}

/** The same for every text of a value. */
export const redact = (value: Json, secrets: Iterable<string>): Json => mapTexts(value, redactor(secrets))

/** Where a secret stands in a document: `variables[0].value`, `steps[0].verify.secret`. */
export type SecretChange = (secret: string, path: string) => string

function mapVerify(verify: Verify, change: (secret: string, property: string) => string): Verify {
  switch (verify.scheme) {
    case 'standardWebhooks':
    case 'hmac':
      return { ...verify, secret: change(verify.secret, 'secret') }
    case 'basic':
      return { ...verify, password: change(verify.password, 'password') }
    case 'header':
      return { ...verify, value: change(verify.value, 'value') }
  }
}

/** The document with every secret of its own changed: values of secret variables, and what `verify` compares with. For masking, sealing and opening. */
export function mapSecrets(doc: CycleDocument, change: SecretChange): CycleDocument {
  const variables = doc.variables?.map((variable, i) =>
    variable.secret === true && typeof variable.value === 'string' ? { ...variable, value: change(variable.value, `variables[${i}].value`) } : variable,
  )
  const steps = doc.steps.map((step, i) =>
    step.type === 'webhook' && step.verify
      ? { ...step, verify: mapVerify(step.verify, (secret, property) => change(secret, `steps[${i}].verify.${property}`)) }
      : step,
  )
  return { ...doc, ...(variables && { variables }), steps }
}

/** The document as people see it: secrets are `********` (webhooks.md 10). */
export const maskDocument = (doc: CycleDocument): CycleDocument => mapSecrets(doc, () => MASK)

/** A name for the place of each secret that stays the same when steps and variables change their order. */
function places(doc: CycleDocument): Map<string, string> {
  const names = new Map<string, string>()
  for (const [i, variable] of (doc.variables ?? []).entries()) names.set(`variables[${i}].value`, `variable ${variable.name}`)
  for (const [i, step] of doc.steps.entries()) {
    const scheme = step.type === 'webhook' ? step.verify?.scheme : undefined
    for (const property of ['secret', 'password', 'value']) names.set(`steps[${i}].verify.${property}`, `step ${step.id} ${scheme} ${property}`)
  }
  return names
}

/**
 * Saving `********` keeps the secret that is there: of the variable with that name, of the step with that id and the same scheme.
 * Both documents hold secrets in one form (both sealed, or both open). A mask with nothing behind it stays: see `maskedSecrets`.
 */
export function mergeSecrets(newDoc: CycleDocument, oldDoc: CycleDocument): CycleDocument {
  const old = new Map<string, string>()
  const oldPlaces = places(oldDoc)
  mapSecrets(oldDoc, (secret, path) => {
    old.set(oldPlaces.get(path) ?? path, secret)
    return secret
  })
  const newPlaces = places(newDoc)
  return mapSecrets(newDoc, (secret, path) => (secret === MASK ? (old.get(newPlaces.get(path) ?? path) ?? MASK) : secret))
}

/** Secrets that are only the mask, after `mergeSecrets`: there is nothing to keep, so the document must not be saved. */
export function maskedSecrets(doc: CycleDocument): Problem[] {
  const problems: Problem[] = []
  mapSecrets(doc, (secret, path) => {
    if (secret === MASK) problems.push({ path, message: `${MASK} keeps the secret that was saved before, and there is none: give the secret itself` })
    return secret
  })
  return problems
}
