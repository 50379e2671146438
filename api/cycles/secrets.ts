/**
 * Secrets of a document: `verify` of its webhook steps and values of its secret variables. At rest they stand sealed, to people they show as
 * `********`, and saving that keeps the one that is there (webhooks.md 10).
 */
import type { CycleDocument, Step, Variable, WebhookStep } from '../../domain/document.ts'
import type { Problem } from '../../domain/errors.ts'
import { MASK } from '../../domain/secrets.ts'
import { secretName, secretOf, variableOf, withSecret } from '../../domain/verify-secret.ts'

/** Gives the new text of a secret; `before` is the sealed one that stands there now. */
type Change = (secret: string, before: string | undefined, path: string) => string

/** Seals what was written in clear and keeps what was sent as `********`; where there is nothing to keep, that is a problem. */
export function sealSecrets(
  document: CycleDocument,
  before: CycleDocument | undefined,
  seal: (plain: string) => string,
): { readonly document: CycleDocument; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const sealed = mapSecrets(document, before, (secret, kept, path) => {
    if (secret !== MASK) return seal(secret)
    if (kept === undefined) problems.push({ path, message: `${MASK} keeps the secret that is there, and there is none: write the secret itself` })
    return kept ?? ''
  })
  return { document: sealed, problems }
}

/** The document as people see it. */
export const maskSecrets = (document: CycleDocument): CycleDocument => mapSecrets(document, undefined, () => MASK)

function mapSecrets(document: CycleDocument, before: CycleDocument | undefined, change: Change): CycleDocument {
  return {
    ...document,
    ...(document.variables === undefined ? {} : { variables: document.variables.map((variable, at) => mapVariable(variable, at, before, change)) }),
    steps: document.steps.map((step, at) => mapStep(step, at, before, change)),
  }
}

function mapVariable(variable: Variable, at: number, before: CycleDocument | undefined, change: Change): Variable {
  const { value } = variable
  if (variable.secret !== true || value === undefined || value === null || value === '') return variable
  const kept = before?.variables?.find(({ name, secret }) => name === variable.name && secret === true)?.value
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return { ...variable, value: change(text, typeof kept === 'string' && kept !== '' ? kept : undefined, `variables[${at}].value`) }
}

function mapStep(step: Step, at: number, before: CycleDocument | undefined, change: Change): Step {
  // A merge field is no secret.
  if (step.type !== 'webhook' || step.verify === undefined || variableOf(secretOf(step.verify)) !== undefined) return step
  const old = before?.steps.find((other): other is WebhookStep => other.id === step.id && other.type === 'webhook')?.verify
  const { verify } = step
  const path = `steps[${at}].verify.${secretName[verify.scheme]}`
  const kept = old?.scheme === verify.scheme && variableOf(secretOf(old)) === undefined ? secretOf(old) : undefined
  return { ...step, verify: withSecret(verify, change(secretOf(verify), kept, path)) }
}
