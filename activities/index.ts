/** The activities of the worker, made from what they need. Their names are a bounded set: they are metric labels. */
import { ApplicationFailure } from '@temporalio/common'
import { hiderOf } from '../domain/known-secrets.ts'
import type { Metrics } from '../platform/metrics.ts'
import { DETAIL_MAX, type Registry } from '../storage/registry.ts'
import type { InboxControl, InboxTransaction } from '../storage/inbox.ts'
import { callHttp, type CallHttpDeps } from './call-http.ts'
import { callMethod, type CallMethodDeps } from './connectors/call-method.ts'
import { activateCycle } from './connectors/activation.ts'
import { abandonSubscriptions, unsubscribeCycle } from './connectors/unsubscribe.ts'
import { WAITS_ITS_TURN } from './connectors/turns.ts'
import type {
  LocalActivities,
  NotificationActivities,
  NotificationLogActivities,
  OperationActivities,
  PackageActivities,
  SplitActivities,
  StepActivities,
  SubscriptionActivities,
} from './contract.ts'
import { createPackageActivities, type PackageDeps } from './package-operations.ts'
import { sendNotification, type NotificationDeps } from './notifications.ts'
import { fire, followCycle, type ScheduleDeps } from './schedules.ts'
import { removeAll, stopDoomed, stopItems, type OperationDeps } from './operations.ts'
import { awaitRegistry, unlessLost, type GuardDeps } from './registry.ts'
import { heartbeating } from './runtime.ts'
import { evaluate, runScript, type ScriptDeps } from './scripts.ts'

export interface ActivityDeps
  extends
    CallMethodDeps,
    ScriptDeps,
    OperationDeps,
    NotificationDeps,
    Pick<ScheduleDeps, 'rootsOf'>,
    Pick<PackageDeps, 'prerequisites' | 'webhookUrl'>,
    Pick<GuardDeps, 'guard'> {
  readonly inbox: InboxTransaction & Pick<InboxControl, 'deactivate'> & OperationDeps['inbox'] & ScheduleDeps['inbox'] & PackageDeps['inbox']
  readonly registry: Pick<Registry, 'incidents' | 'notifications' | 'connectors' | 'accountConnectors' | 'subscriptions'> & PackageDeps['registry']
  readonly cycles: CallHttpDeps['cycles'] & ScheduleDeps['cycles']
  readonly schedules: ScheduleDeps['schedules']
  readonly sealer: CallMethodDeps['sealer'] & NotificationDeps['sealer']
  readonly metrics: Pick<Metrics, 'transactions' | 'stepErrors' | 'notifications' | 'notificationTries' | 'packageOperations'>
  readonly scripting: CallHttpDeps['scripting'] & ScriptDeps['scripting']
}

export type Activities = StepActivities &
  PackageActivities &
  LocalActivities &
  SplitActivities &
  OperationActivities &
  SubscriptionActivities &
  NotificationActivities &
  NotificationLogActivities

export function createActivities(deps: ActivityDeps): Activities {
  const { inbox, registry, metrics } = deps
  const counted = async <T>(type: string, work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      if (!(error instanceof ApplicationFailure && error.type === WAITS_ITS_TURN)) metrics.stepErrors.inc({ type })
      throw error
    }
  }
  return {
    callHttp: call => counted('request', callHttp(deps, call)),
    callMethod: call => counted('method', callMethod(deps, call)),
    runScript: call => counted('script', runScript(deps, call)),
    evaluate: expressions => evaluate(deps, expressions),
    async begin(place, transaction, values, startedBy) {
      const answer = await unlessLost(deps, inbox.begin(place, transaction, values, startedBy, deps.runtime().runId), 'stop')
      if (answer === 'go') metrics.transactions.inc({ status: 'InProgress' })
      return answer
    },
    resume: (place, transaction, stepId, delivery) => unlessLost(deps, inbox.resume(place, transaction, stepId, delivery), { answer: 'stop', taken: false }),
    async register(place, transaction, stepId, value) {
      return (await inbox.register(place, transaction, { stepId, value: value ?? undefined })) ?? null
    },
    check: (place, transaction, view) => unlessLost(deps, inbox.check(place, transaction, view), 'stop'),
    async park(place, transaction, seen) {
      // In an emptied Redis nothing speaks against waiting: it is found so when the index is rebuilt.
      const told = await unlessLost(deps, inbox.park(place, transaction, seen), { answer: 'stop', wake: false }, { answer: 'parked', wake: false })
      if (told.answer === 'parked') metrics.transactions.inc({ status: 'Waiting' })
      return told
    },
    async fail(place, transaction, consumed, retentionMs, asked) {
      const asking = inbox.fail(place, transaction, consumed, retentionMs, asked)
      const told = await unlessLost(deps, asking, { answer: 'stop', wake: false }, { answer: 'failed', wake: false })
      if (told.answer === 'failed') metrics.transactions.inc({ status: 'Errored' })
      return told
    },
    async revive(place, transaction, asked) {
      const answer = await unlessLost(deps, inbox.revive(place, transaction, asked), 'stop')
      if (answer === 'go') metrics.transactions.inc({ status: 'InProgress' })
      return answer
    },
    async beginItem(place, item, parent, split, values) {
      const answer = await unlessLost(deps, inbox.beginItem(place, item, parent, split, values), 'stop')
      if (answer === 'go') metrics.transactions.inc({ status: 'InProgress' })
      return answer
    },
    awaitItems: (place, parent, split, wakeAt) => unlessLost(deps, inbox.awaitItems(place, parent, split, wakeAt), { completed: 0, errored: 0, stopped: 0 }),
    async incident(place, transaction, incident) {
      const { runId } = deps.runtime()
      const cycle = await deps.cycles.get(place)
      if (cycle === undefined) return
      // Whatever brought it there, a secret that came back in some answer too: none stands in an incident.
      const detail = hiderOf(cycle.document, deps.sealer)(incident.detail, DETAIL_MAX)
      await registry.incidents.add(place, { ...incident, detail }, transaction, runId)
    },
    async stopCycle(place) {
      if ((await inbox.deactivate(place)) === 'deleted') await awaitRegistry(deps)
    },
    stopItems: (place, parent, split) => stopItems(deps, place, parent, split),
    async end(place, transaction, consumed, status, retentionMs) {
      const { wake, before } = await inbox.end(place, transaction, consumed, status, retentionMs)
      if (!before) metrics.transactions.inc({ status })
      return { wake }
    },
    sendNotification: message => sendNotification(deps, message),
    async beginNotification(id, again) {
      if (again) await registry.notifications.note(id, 'Pending', undefined)
      const known = again ? undefined : await registry.notifications.get(id)
      return known === undefined || known.status === 'Pending' ? 'go' : 'over'
    },
    async noteNotification(id, status, attempt) {
      await registry.notifications.note(id, status, attempt ?? undefined)
      if (status !== 'Pending') metrics.notifications.inc({ status })
    },
    ...createPackageActivities({ ...deps, activate: (place, signal) => activateCycle(deps, place, signal) }),
    activateCycle: place => heartbeating(deps.runtime(), signal => activateCycle(deps, place, signal)),
    unsubscribeCycle: place => unsubscribeCycle(deps, place),
    abandonSubscriptions: place => abandonSubscriptions(deps, place),
    stopDoomed: place => stopDoomed(deps, place),
    removeAll: place => removeAll(deps, place),
    followCycle: place => followCycle(deps, place),
    fire: (place, activation, dueAt) => fire(deps, place, activation, dueAt),
  }
}
