/** What all groups of measures work with. */
import type { Client } from '@temporalio/client'
import type { HttpLoad, HttpLoaded } from './load/http.ts'
import type { TemporalLoad, TemporalLoaded } from './load/temporal.ts'
import { ask } from './load/child.ts'
import type { Ours } from './ours.ts'
import type { Sizes } from './options.ts'
import { until, type Running } from './processes.ts'

export interface Bare {
  readonly expressUrl: string
  /** Answers each POST with its own body: what steps and activities call. */
  readonly echoUrl: string
  readonly taskQueue: string
  readonly worker: Running
  restartWorker(): Promise<void>
}

export interface Context {
  /** Part of the names of all that this run makes in Temporal. */
  readonly run: string
  readonly sizes: Sizes
  readonly redisUrl: string
  readonly temporalAddress: string
  readonly client: Client
  readonly ours: Ours
  readonly bare: Bare
}

const JSON_HEADERS = { 'content-type': 'application/json', 'idempotency-key': 'bench-{n}' }

/** Requests to a webhook, each with a key of its own and a small order as its body. */
export function post(url: string, load: Pick<HttpLoad, 'connections' | 'requests' | 'maxMs' | 'first'> & { readonly body?: string }): Promise<HttpLoaded> {
  const body = load.body ?? '{"id":"order-{n}","customer":"C-1042","lines":[{"sku":"A-1","quantity":2},{"sku":"B-7","quantity":1}],"total":129.5,"paid":true}'
  return ask<HttpLoad, HttpLoaded>('./http.ts', { url, headers: JSON_HEADERS, status: 200, ...load, body })
}

export function temporal(context: Context, load: Pick<TemporalLoad, 'group' | 'kind' | 'count' | 'concurrency' | 'first' | 'url'>): Promise<TemporalLoaded> {
  const { bare, ours, temporalAddress } = context
  const server = { address: temporalAddress, namespace: ours.namespace, taskQueue: bare.taskQueue }
  return ask<TemporalLoad, TemporalLoaded>('./temporal.ts', { ...server, ...load, group: bareGroup(context, load.group) })
}

/** What the bare workflows of a group have as their `CycleId`. */
export const bareGroup = (context: Context, name: string): string => `${context.run}-${name}`

/** Number of transactions, ours or bare, by search attribute; visibility lags by some 100 ms. */
async function count(client: Client, group: string, condition: string): Promise<number> {
  return (await client.workflow.count(`CycleId = '${group}' AND ${condition}`)).count
}

/** Waits until at least so many are there; answers when that was seen, ms since the epoch. */
export function reached(context: Context, group: string, condition: string, wanted: number, timeoutMs: number): Promise<number> {
  const { client, ours, bare } = context
  const look = async (): Promise<number | undefined> => {
    ours.worker.assertAlive()
    bare.worker.assertAlive()
    return (await count(client, group, condition)) >= wanted ? Date.now() : undefined
  }
  return until(`${wanted} of ${group} with ${condition}`, timeoutMs, look, 100)
}
