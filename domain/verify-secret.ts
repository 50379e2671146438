/** The secret of a step's `verify`: written there, or one merge field of a secret variable, so that each account of a template has its own (webhooks.md 10). */
import type { CycleDocument, Verify } from './document.ts'
import { parseText } from './merge-field.ts'

/** The property that holds it, by scheme. */
export const secretName = { standardWebhooks: 'secret', hmac: 'secret', basic: 'password', header: 'value' } as const satisfies Record<Verify['scheme'], string>

export function secretOf(verify: Verify): string {
  switch (verify.scheme) {
    case 'standardWebhooks':
    case 'hmac':
      return verify.secret
    case 'basic':
      return verify.password
    case 'header':
      return verify.value
  }
}

export function withSecret(verify: Verify, secret: string): Verify {
  switch (verify.scheme) {
    case 'standardWebhooks':
    case 'hmac':
      return { ...verify, secret }
    case 'basic':
      return { ...verify, password: secret }
    case 'header':
      return { ...verify, value: secret }
  }
}

/** The variable whose merge field a text is, and nothing else; undefined where it is none. */
export function variableOf(text: string): string | undefined {
  const { parts, problem } = parseText(text.trim())
  const [path] = parts
  if (problem !== undefined || parts.length !== 1 || path === undefined || typeof path === 'string' || path.root !== 'variables') return undefined
  const [name] = path.segments
  return name?.kind === 'name' && path.segments.length === 1 ? name.name : undefined
}

/**
 * `verify` with its secret in clear; `open` opens what stands sealed. Undefined where its variable has no value: then nobody can be verified. Throws what
 * `open` throws.
 */
export function clearVerify(document: CycleDocument, verify: Verify, open: (text: string) => string): Verify | undefined {
  const written = secretOf(verify)
  const name = variableOf(written)
  if (name === undefined) return withSecret(verify, open(written))
  const value = document.variables?.find(variable => variable.name === name && variable.secret === true)?.value
  return typeof value === 'string' && value !== '' ? withSecret(verify, open(value)) : undefined
}
