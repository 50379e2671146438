/** The secrets of a cycle in clear: none of them is ever told (cycles.md 1 and 5, webhooks.md 10). */
import type { CycleDocument, Verify } from './document.ts'
import type { Json } from './json.ts'
import { redactor, type Redactor } from './redact.ts'
import { clearVerify, secretOf } from './verify-secret.ts'

/** Opens what stands sealed in a document. */
export interface Opener {
  open(sealed: string): string
  isSealed(text: string): boolean
}

/** A text that may stand sealed. Throws what the opener throws. */
export const openText = (opener: Opener, text: string): string => (opener.isSealed(text) ? opener.open(text) : text)

export interface KnownSecrets {
  /** Values of the secret variables, by name. */
  readonly variables: ReadonlyMap<string, string>
  /** These, and the secrets of `verify`, each also as it is sent. */
  readonly all: readonly string[]
}

/** Throws what the opener throws. */
export function secretsOf(document: CycleDocument, opener: Opener): KnownSecrets {
  const open = (text: string): string => openText(opener, text)
  const variables = new Map<string, string>()
  const all: string[] = []
  for (const { name, secret, value } of document.variables ?? []) {
    if (secret !== true || value === undefined || value === null) continue
    const text = open(typeof value === 'string' ? value : JSON.stringify(value))
    variables.set(name, text)
    all.push(text, ...partsOf(text))
  }
  for (const step of document.steps) {
    const verify = step.type === 'webhook' && step.verify !== undefined ? clearVerify(document, step.verify, open) : undefined
    if (verify !== undefined) all.push(...verifySecrets(verify))
  }
  return { variables, all }
}

/** Masks all of them. One that cannot be opened was never sent, and is passed over. */
export function hiderOf(document: CycleDocument, opener: Opener): Redactor {
  const open = (sealed: string): string => {
    try {
      return opener.open(sealed)
    } catch {
      return ''
    }
  }
  return redactor(secretsOf(document, { open, isSealed: text => opener.isSealed(text) }).all)
}

/** A secret that is an object or a list: each of its texts is one. */
function partsOf(text: string): string[] {
  if (!/^\s*[[{]/.test(text)) return []
  try {
    const value: Json = JSON.parse(text)
    return textsIn(value)
  } catch {
    return []
  }
}

function textsIn(value: Json): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

function verifySecrets(verify: Verify): string[] {
  const secret = secretOf(verify)
  if (verify.scheme === 'standardWebhooks') return [secret, secret.replace(/^whsec_/, '')]
  return verify.scheme === 'basic' ? [secret, basicCredentials(verify.username, secret)] : [secret]
}

/** As they stand in a header `Authorization: Basic`. */
export const basicCredentials = (username: string, password: string): string => Buffer.from(`${username}:${password}`, 'utf8').toString('base64')
