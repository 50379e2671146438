import { randomBytes } from 'node:crypto'
import type { CycleDocument } from '../domain/document.ts'
import { asIdentifier, type Identifier, type StepId } from '../domain/ids.ts'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const LENGTH = 22

/** 22 base-62 characters from a cryptographic source (webhooks.md 1). Bytes that would favour some characters are passed over. */
export function newIdentifier(): Identifier {
  let text = ''
  while (text.length < LENGTH) {
    for (const byte of randomBytes(LENGTH * 2)) {
      if (byte < 248 && text.length < LENGTH) text += ALPHABET.charAt(byte % 62)
    }
  }
  return asIdentifier(text)
}

/** An identifier for each webhook step: the one that it has, or a new one. */
export function identifiersFor(
  document: Pick<CycleDocument, 'steps'>,
  existing: { readonly [step: StepId]: Identifier } = {},
): { readonly [step: StepId]: Identifier } {
  const known = new Map(Object.entries(existing))
  return Object.fromEntries(document.steps.filter(step => step.type === 'webhook').map(step => [step.id, known.get(step.id) ?? newIdentifier()]))
}
