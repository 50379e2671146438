/** Names and shapes of what goes to the workflow that sends an installation's notifications. Types and constants only. */
import { notificationWorkflowId, type InstallationKey, type NotificationInput, type NotificationMessage, type NotificationTry } from './messages.ts'

/** What is told of one installation is sent by one workflow, in order. */
export const INSTALLATION_NOTIFICATIONS = 'installationNotifications'
export const installationNotificationsWorkflowId = ({ account, package: of }: InstallationKey): string => `notifications/${account}/${of}`
/** Signal to it: one more to send; one that it has already is taken once. */
export const NOTIFY = 'notify'
export interface QueuedNotification extends NotificationInput {
  /** Grows with the notifications of an installation: one that is sent again has its old place before what still waits. */
  readonly order: number
  /** It was over, and is to be sent again. */
  readonly again?: boolean
}
export interface InstallationNotificationsInput {
  /** Where it stood, after a continue-as-new. */
  readonly carried?: InstallationQueue
}
export interface InstallationQueue extends InstallationNotificationsResult {
  readonly queue: readonly (Sending & { readonly order: number; readonly again: boolean; readonly known: boolean })[]
  readonly failed: readonly { readonly id: string; readonly title: string; readonly reason: string }[]
}
export interface InstallationNotificationsResult {
  readonly delivered: number
  readonly gone: number
}
/** Id of the workflow that sends it. */
export const senderWorkflowId = ({ id, installation }: Pick<NotificationMessage, 'id' | 'installation'>): string =>
  installation === undefined ? notificationWorkflowId(id) : installationNotificationsWorkflowId(installation)

/** Where the tries of one stand. */
export interface Sending {
  readonly input: NotificationInput
  /** Which try of the schedule is under way or comes next, from 1; and how many there were in all. */
  number: number
  total: number
  last?: NotificationTry
  /** When the next one comes (ms since the epoch); absent: at once. */
  due?: number
}
