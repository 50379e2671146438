/** The Temporal worker with the options that were measured (architecture.md 4 and 5). */
import type { DataConverter } from '@temporalio/common'
import { NativeConnection, Worker, type WorkflowBundleOption } from '@temporalio/worker'
import type { Activities } from '../activities/index.ts'
import type { Config } from '../platform/config.ts'
import { temporalOptions } from '../platform/temporal.ts'
import { NO_TIMEOUT_MS } from './watchdog.ts'

export interface TemporalWorkerDeps {
  readonly connection: NativeConnection
  readonly namespace: string
  readonly taskQueue: string
  readonly bundle: WorkflowBundleOption
  readonly activities: Activities
  readonly dataConverter: DataConverter
  readonly shutdownGraceMs: number
  readonly identity?: string
}

/** A connection for the client and the worker alike: only then can a start be eager. Small payloads are not worth compressing on one box. */
export function connectNative(config: Config): Promise<NativeConnection> {
  return NativeConnection.connect({ ...temporalOptions(config), grpcCompression: { codec: 'none' } })
}

export function createTemporalWorker(deps: TemporalWorkerDeps): Promise<Worker> {
  const autoscaling = { type: 'autoscaling', minimum: 2, initial: 5, maximum: 20 } as const
  const options = {
    connection: deps.connection,
    namespace: deps.namespace,
    taskQueue: deps.taskQueue,
    workflowBundle: deps.bundle,
    activities: { ...deps.activities },
    dataConverter: deps.dataConverter,
    ...(deps.identity === undefined ? {} : { identity: deps.identity }),
    // `maxConcurrent…Polls` are ignored by this SDK.
    workflowTaskPollerBehavior: autoscaling,
    activityTaskPollerBehavior: autoscaling,
    maxConcurrentWorkflowTaskExecutions: 100,
    maxConcurrentActivityTaskExecutions: 200,
    maxConcurrentLocalActivityExecutions: 200,
    maxCachedWorkflows: 1_000,
    // Together with the workflow task's timeout: how fast another worker takes over what a killed one held.
    stickyQueueScheduleToStartTimeout: '1s',
    // Not in the option's type, and read all the same: worker/watchdog.ts takes it as none.
    isolateExecutionTimeout: `${NO_TIMEOUT_MS}ms`,
    // Steps heartbeat each second and time out after five: what the SDK holds back must leave room for a busy machine.
    maxHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: deps.shutdownGraceMs,
    shutdownForceTime: deps.shutdownGraceMs + 5_000,
  }
  return Worker.create(options)
}
