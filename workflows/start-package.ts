/** How the workflow of a package operation is started: the same for the api, which is the first to try, and the worker. */
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common'
import { PACKAGE_OPERATION, packageOperationWorkflowId, type PackageOperationInput } from './messages-package.ts'

const ACCOUNT_ID = defineSearchAttributeKey('AccountId', SearchAttributeType.KEYWORD)
const PACKAGE_ID = defineSearchAttributeKey('PackageId', SearchAttributeType.KEYWORD)

const verbs = { install: 'Install', uninstall: 'Uninstall', start: 'Start', stop: 'Stop' } as const

/** Longest name in a summary, in characters: Temporal takes 400 bytes. */
const NAME = 45
const short = (text: string): string => (text.length > NAME ? `${text.slice(0, NAME - 1)}…` : text)

/**
 * Options for `client.workflow.start`. One that closed before its operation had ended (somebody terminated it, Temporal lost it) may be started again;
 * one that is under way is not started twice.
 */
export const packageOperationStart = (input: PackageOperationInput, taskQueue: string) => ({
  workflowType: PACKAGE_OPERATION,
  workflowId: packageOperationWorkflowId(input.operation),
  workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
  taskQueue,
  args: [input] as [PackageOperationInput],
  typedSearchAttributes: new TypedSearchAttributes([
    { key: ACCOUNT_ID, value: input.account },
    ...(input.template === undefined ? [{ key: PACKAGE_ID, value: input.packageId }] : []),
  ]),
  staticSummary: `${verbs[input.kind]} ${short(input.packageName)} · ${short(input.accountName)}`,
  // A user waits for it: as a sender that is held.
  priority: { fairnessKey: input.account.slice(0, 64), priorityKey: 2 },
})
