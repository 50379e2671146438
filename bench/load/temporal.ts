/** Load generator for Temporal, run as a child process: bare starts, updates with start, and signals that are answered. */
import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client'
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common'
import { AWAIT_RESPONSE, BARE, BARE_WAITING, RESUME, type BareInput } from '../bare/messages.ts'
import { figures, type Figures } from './figures.ts'
import { serve } from './child.ts'

export interface TemporalLoad {
  readonly address: string
  readonly namespace: string
  readonly taskQueue: string
  /** Search attribute `CycleId` of what is started, and part of the workflow ids. */
  readonly group: string
  readonly kind: 'start' | 'startWaiting' | 'answer' | 'signal' | 'resume'
  readonly count: number
  readonly concurrency: number
  /** For `signal` and `resume`: number of the first waiting workflow; each gets one. */
  readonly first: number
  /** The workflow calls this before it answers. */
  readonly url?: string
}

export interface TemporalLoaded {
  readonly figures: Figures
  readonly startedAt: number
}

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD)

serve<TemporalLoad, TemporalLoaded>(async load => {
  const connection = await Connection.connect({ address: load.address })
  const client = new Client({ connection, namespace: load.namespace })
  const attributes = new TypedSearchAttributes([
    { key: keyword('AccountId'), value: 'bench' },
    { key: keyword('CycleId'), value: load.group },
    { key: keyword('CycleName'), value: 'Bench' },
    { key: keyword('TriggerStep'), value: 'order' },
  ])
  const start = (n: number) => ({
    workflowId: `bench/${load.group}/${n}`,
    taskQueue: load.taskQueue,
    args: [{ order: String(n), ...(load.url === undefined ? {} : { url: load.url }) }] as [BareInput],
    typedSearchAttributes: attributes,
    staticSummary: 'Bench · Bench',
  })
  const one: Record<TemporalLoad['kind'], (n: number) => Promise<unknown>> = {
    start: n => client.workflow.start(BARE, start(n)),
    startWaiting: n => client.workflow.start(BARE_WAITING, start(n)),
    answer: n =>
      client.workflow.executeUpdateWithStart(AWAIT_RESPONSE, {
        updateId: String(n),
        startWorkflowOperation: new WithStartWorkflowOperation(BARE, { ...start(n), workflowIdConflictPolicy: 'USE_EXISTING' }),
      }),
    signal: n => client.workflow.getHandle(`bench/${load.group}/${n}`).signal(RESUME, `signal-${n}`, { order: String(n) }),
    resume: async n => {
      const handle = client.workflow.getHandle(`bench/${load.group}/${n}`)
      const id = `resume-${n}`
      await handle.signal(RESUME, id, { order: String(n) })
      await handle.executeUpdate(AWAIT_RESPONSE, { updateId: id, args: [id] })
    },
  }
  const work = one[load.kind]
  const times: number[] = []
  const startedAt = Date.now()
  const started = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(load.concurrency, load.count) }, async () => {
      while (next < load.count) {
        const n = load.first + next++
        const sent = performance.now()
        await work(n)
        times.push(performance.now() - sent)
      }
    }),
  )
  const answer = { figures: figures(times, performance.now() - started), startedAt }
  await connection.close()
  return answer
})
