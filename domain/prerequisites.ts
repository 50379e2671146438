import type { CycleDocument } from './document.ts'
import type { Problem } from './errors.ts'
import { secretOf, variableOf } from './verify-secret.ts'

/** What has to be there before a cycle can be activated. */
export interface Prerequisite {
  readonly reasonCode: string
  readonly reason: string
  readonly objectType: string
  readonly objectId: string
  /** Where in the document. */
  readonly path: string
}

/**
 * Required variables without a value. Required by default is what the user configures and has no value (cycles.md 1), and always what verifies senders:
 * without it none would pass.
 */
export function prerequisitesOf(document: CycleDocument): readonly Prerequisite[] {
  const verifying = new Set(document.steps.map(step => (step.type === 'webhook' && step.verify !== undefined ? variableOf(secretOf(step.verify)) : undefined)))
  return (document.variables ?? []).flatMap(({ name, label, value, required, userConfigurable }, at) => {
    const missing = value === undefined || value === null || value === ''
    if (!missing || !(verifying.has(name) || (required ?? userConfigurable ?? false))) return []
    return [
      {
        reasonCode: 'variable_value_missing',
        reason: `The variable "${label ?? name}" needs a value.`,
        objectType: 'Variable',
        objectId: name,
        path: `variables[${at}].value`,
      },
    ]
  })
}

export const asProblems = (prerequisites: readonly Prerequisite[]): Problem[] => prerequisites.map(({ path, reason }) => ({ path, message: reason }))
