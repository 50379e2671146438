/**
 * How a transaction's workflow is started: the same for the dispatcher (start) and the api (update with start), so that a repeat by either is harmless.
 */
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common'
import type { CycleDocument } from '../domain/document.ts'
import type { AccountId, CycleId, Identifier, Place, StepId } from '../domain/ids.ts'
import type { Json } from '../domain/json.ts'
import { webhookUrl } from '../domain/webhook-url.ts'
import {
  INSTALLATION_NOTIFICATIONS,
  installationNotificationsWorkflowId,
  NOTIFY,
  type InstallationNotificationsInput,
  type QueuedNotification,
} from './messages-installation.ts'
import {
  NOTIFICATION,
  notificationWorkflowId,
  TRANSACTION,
  transactionWorkflowId,
  type InstallationKey,
  type NotificationInput,
  type Snapshot,
  type TransactionInput,
} from './messages.ts'

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD)
const ACCOUNT_ID = keyword('AccountId')
const CYCLE_ID = keyword('CycleId')
const CYCLE_NAME = keyword('CycleName')
const TRIGGER_STEP = keyword('TriggerStep')
const PACKAGE_ID = keyword('PackageId')

/** Builds the snapshot of a cycle as it stands: secrets (`verify`, values of secret variables) and webhook scripts are left out. */
export function snapshotOf(
  cycle: { readonly place: Place; readonly document: CycleDocument; readonly identifiers: { readonly [step: StepId]: Identifier }; readonly hash: string },
  account: { readonly id: Snapshot['account']['id']; readonly apiId: string; readonly name: string; readonly timezone: string },
  publicUrl: string,
): Snapshot {
  const variables: { [name: string]: Json } = {}
  for (const v of cycle.document.variables ?? []) if (v.secret !== true && v.value !== undefined) variables[v.name] = v.value
  const webhooks: { [step: StepId]: string } = {}
  for (const [step, identifier] of Object.entries(cycle.identifiers)) webhooks[step] = webhookUrl(publicUrl, identifier)
  const document: CycleDocument = {
    ...cycle.document,
    variables: (cycle.document.variables ?? []).map(v => (v.secret === true ? { name: v.name, secret: true } : v)),
    steps: cycle.document.steps.map(step => {
      if (step.type !== 'webhook') return step
      const { verify: _verify, script: _script, scriptParameters: _parameters, ...kept } = step
      return kept
    }),
  }
  return {
    account: { id: account.id, apiId: account.apiId, name: account.name, timezone: account.timezone },
    cycle: { id: cycle.place.cycle, name: cycle.document.name },
    document,
    variables,
    webhooks,
    hash: cycle.hash,
    kernel: 1,
  }
}

/** How operators find what belongs to a cycle (operations.md 5): transactions, its schedule, and the firings of that, which are of no trigger step. */
export const cycleAttributes = (of: {
  readonly account: AccountId
  readonly cycle: CycleId
  readonly cycleName: string
  readonly triggerName?: string
}): TypedSearchAttributes =>
  new TypedSearchAttributes([
    { key: ACCOUNT_ID, value: of.account },
    { key: CYCLE_ID, value: of.cycle },
    { key: CYCLE_NAME, value: of.cycleName },
    ...(of.triggerName === undefined ? [] : [{ key: TRIGGER_STEP, value: of.triggerName }]),
  ])

/** Lower is sooner: a sender that is held comes before what stands in the inbox, and that before the items of a split (architecture, fairness). */
const PRIORITIES = { held: 2, queued: 3, item: 4 } as const

/** What a transaction's workflow is started with, whoever starts it: search attributes, summary, fairness key and priority. */
export function transactionOptions(input: TransactionInput, turn: keyof typeof PRIORITIES) {
  const { account, cycle, document } = input.snapshot
  const { item } = input
  const trigger = document.steps[0]
  const what = item === undefined ? '' : ` · item ${item.index + 1} of ${item.total}`
  return {
    workflowId: transactionWorkflowId(cycle.id, input.transaction),
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    args: [input] as [TransactionInput],
    workflowTaskTimeout: '5s' as const,
    typedSearchAttributes: cycleAttributes({
      account: account.id,
      cycle: cycle.id,
      cycleName: cycle.name,
      triggerName: trigger?.name ?? input.trigger.stepId,
    }),
    staticSummary: `${cycle.name} · ${account.name}${what}`,
    priority: { fairnessKey: account.id.slice(0, 64), priorityKey: PRIORITIES[turn] },
  }
}

/** Longest summary, in characters: Temporal takes 400 bytes. */
const SUMMARY = 100

/** Options for `client.workflow.start` of a notification: behind transactions, which nobody should wait for. */
export function notificationStart(input: NotificationInput, taskQueue: string) {
  const { account, cycle } = input
  return {
    workflowType: NOTIFICATION,
    workflowId: notificationWorkflowId(input.id),
    taskQueue,
    args: [input] as [NotificationInput],
    typedSearchAttributes: new TypedSearchAttributes([{ key: ACCOUNT_ID, value: account }, ...(cycle === undefined ? [] : [{ key: CYCLE_ID, value: cycle }])]),
    staticSummary: input.title.length > SUMMARY ? `${input.title.slice(0, SUMMARY - 1)}…` : input.title,
    priority: { priorityKey: 4, fairnessKey: account.slice(0, 64) },
  }
}

/** Options for `client.workflow.signalWithStart`: one more for the workflow of its installation, which is started where it is not there. */
export function installationNotificationsStart(installation: InstallationKey, queued: QueuedNotification, taskQueue: string) {
  const { account, package: of } = installation
  return {
    workflowType: INSTALLATION_NOTIFICATIONS,
    workflowId: installationNotificationsWorkflowId(installation),
    taskQueue,
    args: [{}] as [InstallationNotificationsInput],
    signal: NOTIFY,
    signalArgs: [queued] as [QueuedNotification],
    typedSearchAttributes: new TypedSearchAttributes([
      { key: ACCOUNT_ID, value: account },
      { key: PACKAGE_ID, value: of },
    ]),
    staticSummary: `Notifications of package ${of}`,
    priority: { priorityKey: 4, fairnessKey: account.slice(0, 64) },
  }
}
/** Options for `client.workflow.start` and `WithStartWorkflowOperation`: a deterministic id that is never used again. */
export const transactionStart = (input: TransactionInput, taskQueue: string, turn: 'held' | 'queued' = 'queued') => ({
  ...transactionOptions(input, turn),
  workflowType: TRANSACTION,
  taskQueue,
})
