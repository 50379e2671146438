/** From the first request to the end of the last transaction. */
import { asynchronous } from '../cycles.ts'
import { bareGroup, post, reached, temporal, type Context } from '../context.ts'
import type { Figures } from '../load/figures.ts'
import type { Measure } from '../measures.ts'

const BARE = 'bare Temporal: start to completion'
const COMPLETED = "ExecutionStatus = 'Completed'"
const TIMEOUT = 600_000

export function asynchronousMeasures(context: Context): readonly Measure[] {
  const { sizes, ours } = context
  const total = sizes.transactions
  const whole = async (group: string, already: number, loaded: Promise<{ readonly figures: Figures; readonly startedAt: number }>): Promise<Figures> => {
    const { figures, startedAt } = await loaded
    const endedAt = await reached(context, group, COMPLETED, already + total, TIMEOUT)
    return { ...figures, perSecond: (total / (endedAt - startedAt)) * 1000 }
  }
  const seen = `Temporal's visibility is asked each 100 ms; the times are those of a single request`
  return [
    {
      group: 'asynchronous',
      name: BARE,
      counts: 'rate',
      method: `${total} ordinary starts, ${sizes.concurrency} at once, of a workflow with two local activities (one Redis write each), until all are completed; ${seen}`,
      run: round =>
        whole(
          bareGroup(context, `bare-${round}`),
          0,
          temporal(context, { group: `bare-${round}`, kind: 'start', count: total, concurrency: sizes.concurrency, first: 0 }),
        ),
    },
    {
      group: 'asynchronous',
      name: 'asynchronous: accept to completion',
      counts: 'rate',
      beside: BARE,
      bound: 1.1,
      method: `${total} requests, ${sizes.concurrency} at once, to a cycle of a webhook and a decision, until all transactions are completed; ${seen}`,
      run: async () => {
        const cycle = await ours.cycle(asynchronous)
        const load = { connections: sizes.concurrency, requests: total, maxMs: TIMEOUT, first: 0 }
        return whole(cycle.id, 0, post(cycle.url('order'), load))
      },
    },
  ]
}
