/** What the endpoint has to know of a webhook step for each request, worked out once for each version of a document. */
import type { CycleDocument, Verify, WebhookStep } from '../../domain/document.ts'
import { parseDuration } from '../../domain/duration.ts'
import { isSynchronous, midCycleSteps, stepById, triggerOf } from '../../domain/graph.ts'
import type { StepId } from '../../domain/ids.ts'
import type { Json, JsonObject } from '../../domain/json.ts'
import { openText, type Opener } from '../../domain/known-secrets.ts'
import { clearVerify } from '../../domain/verify-secret.ts'
import type { Scripting } from '../../scripting/scripting.ts'
import type { BeforeScript } from './scripts.ts'

export interface WebhookFacts {
  readonly step: WebhookStep
  readonly trigger: boolean
  /** The sender's connection is held (webhooks.md 4). */
  readonly synchronous: boolean
  readonly syncTimeoutMs: number
  /** A mid-cycle step may wait for a value of the trigger's own data. */
  readonly hasValues: boolean
  readonly windowMs: number
  readonly maxConcurrency: { readonly maxConcurrency?: number }
  /** With its secret in clear; `impossible`: the variable that holds it has no value, and no sender passes. */
  readonly verify: Verify | 'impossible' | undefined
  /** The header that holds the secret of `scheme: header`, in lower case: it is not stored (webhooks.md 10). */
  readonly secretHeader: string | undefined
  readonly script: string | undefined
  readonly scriptParameters: JsonObject
  /** The step's own script where it has `before_webhook`. */
  readonly before: BeforeScript | undefined
  readonly after: boolean
  /** Variables as scripts and matches see them: secret ones are left out. */
  readonly variables: JsonObject
}

export interface FactsDeps {
  readonly scripting: Pick<Scripting, 'defines'>
  readonly sealer: Opener
}

const DEFAULT_SYNC_TIMEOUT_MS = 60_000
const DEFAULT_WINDOW_MS = 60_000

/** Facts by document and step: they live as long as the document does in the cache of cycles. Undefined where the step is no webhook of the document. */
export function createFacts(deps: FactsDeps): (document: CycleDocument, stepId: StepId) => WebhookFacts | undefined | Promise<WebhookFacts | undefined> {
  const known = new WeakMap<CycleDocument, Map<StepId, WebhookFacts>>()
  return (document, stepId) => {
    const found = known.get(document)?.get(stepId)
    if (found !== undefined) return found
    return build(document, stepId, deps).then(facts => {
      if (facts === undefined) return undefined
      const steps = known.get(document) ?? new Map<StepId, WebhookFacts>()
      steps.set(stepId, facts)
      known.set(document, steps)
      return facts
    })
  }
}

async function build(document: CycleDocument, stepId: StepId, deps: FactsDeps): Promise<WebhookFacts | undefined> {
  const step = stepById(document, stepId)
  if (step?.type !== 'webhook') return undefined
  const defined = step.script === undefined ? new Set<string>() : await deps.scripting.defines(step.script, ['before_webhook', 'after_webhook'])
  const { sealer } = deps
  const verify = step.verify === undefined ? undefined : clearVerify(document, step.verify, text => openText(sealer, text))
  const { maxConcurrency } = document.settings ?? {}
  return {
    step,
    trigger: triggerOf(document).id === stepId,
    synchronous: isSynchronous(document, stepId),
    syncTimeoutMs: parseDuration(document.settings?.syncTimeout ?? '') ?? DEFAULT_SYNC_TIMEOUT_MS,
    hasValues: midCycleSteps(document).length > 0,
    windowMs: parseDuration(step.earlyArrivalWindow ?? '') ?? DEFAULT_WINDOW_MS,
    maxConcurrency: maxConcurrency === undefined ? {} : { maxConcurrency },
    verify: verify ?? (step.verify === undefined ? undefined : 'impossible'),
    secretHeader: step.verify?.scheme === 'header' ? step.verify.header.toLowerCase() : undefined,
    script: step.script,
    scriptParameters: { ...step.scriptParameters },
    before: step.script !== undefined && defined.has('before_webhook') ? { source: step.script, parameters: { ...step.scriptParameters } } : undefined,
    after: defined.has('after_webhook'),
    variables: variablesOf(document),
  }
}

function variablesOf(document: CycleDocument): JsonObject {
  const variables = new Map<string, Json>()
  for (const { name, value, secret } of document.variables ?? []) if (secret !== true && value !== undefined) variables.set(name, value)
  return Object.fromEntries(variables)
}
