/** The workflow types of the worker's bundle. */
export { cycleOperation } from './cycle-operation.ts'
export { installationNotifications } from './installation-notifications.ts'
export { notification } from './notification.ts'
export { packageOperation } from './package-operation.ts'
export { transaction } from './transaction.ts'
