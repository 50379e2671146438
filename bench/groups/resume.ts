/** Mid-cycle: a request that is answered by a transaction that waits and is in no worker's cache. */
import { mapping, waiting } from '../cycles.ts'
import { bareGroup, post, reached, temporal, type Context } from '../context.ts'
import type { Measure } from '../measures.ts'
import type { OwnCycle } from '../ours.ts'

export interface ResumePhases {
  /** Makes the first phase's waiting transactions and empties both workers' caches. */
  prepareFew(): Promise<void>
  readonly few: readonly Measure[]
  /** Adds those of the second phase, and empties the caches again. */
  prepareMany(): Promise<void>
  readonly many: readonly Measure[]
  /** Ends all that waits. */
  cleanUp(): Promise<void>
}

const GROUP = 'waiting'
const WAITING = "TransactionStatus = 'Waiting'"
const TIMEOUT = 3_600_000

export function resumePhases(context: Context): ResumePhases {
  const { sizes, ours, bare, client } = context
  let cycle: OwnCycle | undefined
  const own = (): OwnCycle => {
    if (cycle === undefined) throw new Error('the transactions that wait were not made')
    return cycle
  }
  /** Numbers of the next transactions that nothing was sent to since the caches were emptied. */
  const unused = { bare: 0, ours: 0 }
  const take = (of: keyof typeof unused, n: number): number => {
    unused[of] += n
    return unused[of] - n
  }
  const resumeBare = async (count: number, kind: 'signal' | 'resume', concurrency: number) =>
    (await temporal(context, { group: GROUP, kind, count, concurrency, first: take('bare', count) })).figures
  const resumeOurs = async (count: number) =>
    (
      await post(own().url('despatched'), {
        connections: 1,
        requests: count,
        maxMs: TIMEOUT,
        first: take('ours', count),
        body: '{"order":"order-{n}","status":"Despatched"}',
      })
    ).figures
  let warm: Promise<OwnCycle> | undefined
  let warmed = 0
  const emptyCaches = async (): Promise<void> => {
    await Promise.all([bare.restartWorker(), ours.restartWorker()])
    // Both workers run warm before they are measured, on transactions that are not.
    warmed++
    const { answers: count, concurrency } = sizes
    const other = await (warm ??= ours.cycle(mapping))
    await temporal(context, { group: `warm-${warmed}`, kind: 'answer', count, concurrency, first: 0 })
    await post(other.url('order'), { connections: concurrency, requests: count, maxMs: TIMEOUT, first: warmed * count })
    await resumeBare(sizes.warming, 'resume', 1)
    await resumeOurs(sizes.warming)
  }
  const fillOurs = async (from: number, to: number): Promise<void> => {
    await post(own().url('order'), { connections: sizes.concurrency, requests: to - from, maxMs: TIMEOUT, first: from })
    await reached(context, own().id, WAITING, to, TIMEOUT)
  }
  const few = `${sizes.waitingFew.toLocaleString('en-US')} waiting`
  const many = `${sizes.waitingMany.toLocaleString('en-US')} waiting`
  const bareName = (phase: string): string => `bare Temporal: signal and answer, beside ${phase}`
  const measure = (phase: string, beside: string, bound?: number): Measure[] => [
    {
      group: 'resume',
      name: bareName(phase),
      counts: 'time',
      ...(phase === many ? { beside: bareName(few) } : {}),
      method: `${sizes.resumes} signals, one after the other, each to another workflow of ${few}, and an update that waits for what it does; none is in the worker's cache${phase === many ? '; the same as before, to show how the machine drifted' : ''}`,
      run: () => resumeBare(sizes.resumes, 'resume', 1),
    },
    {
      group: 'resume',
      name: `resume with ${phase}`,
      counts: 'time',
      beside,
      ...(bound === undefined ? {} : { bound }),
      method: `${sizes.resumes} POSTs to a mid-cycle webhook, one after the other, each answered by another transaction of ${phase}; none is in the worker's cache`,
      run: () => resumeOurs(sizes.resumes),
    },
  ]
  return {
    async prepareFew() {
      cycle = await ours.cycle(waiting)
      await temporal(context, { group: GROUP, kind: 'startWaiting', count: sizes.waitingFew, concurrency: sizes.concurrency, first: 0 })
      await reached(context, bareGroup(context, GROUP), WAITING, sizes.waitingFew, TIMEOUT)
      await fillOurs(0, sizes.waitingFew)
      await emptyCaches()
    },
    few: [
      {
        group: 'resume',
        name: 'bare Temporal: signal',
        counts: 'rate',
        method: `${sizes.resumes} signals, ${sizes.concurrency} at once, each to another workflow of ${few}, until the server has them`,
        run: () => resumeBare(sizes.resumes, 'signal', sizes.concurrency),
      },
      ...measure(few, bareName(few)),
    ],
    async prepareMany() {
      await fillOurs(sizes.waitingFew, sizes.waitingMany)
      unused.ours = sizes.waitingFew
      await emptyCaches()
    },
    many: measure(many, `resume with ${few}`, 1.5),
    async cleanUp() {
      await cycle?.delete()
      const query = `CycleId = '${bareGroup(context, GROUP)}' AND ExecutionStatus = 'Running'`
      for await (const { workflowId } of client.workflow.list({ query })) await client.workflow.getHandle(workflowId).terminate()
    },
  }
}
