/** A list that is split into transactions of their own, beside a workflow that starts as many bare children. */
import { BARE_PARENT, type BareParentInput } from '../bare/messages.ts'
import { splitting } from '../cycles.ts'
import { bareGroup, post, reached, type Context } from '../context.ts'
import type { Figures } from '../load/figures.ts'
import type { Measure } from '../measures.ts'

const BARE = 'bare Temporal: child workflows'
const TIMEOUT = 1_800_000

export function splitMeasures(context: Context): readonly Measure[] {
  const { sizes, ours, bare, client } = context
  const total = sizes.split
  const figures = (ms: number): Figures => ({ count: total, perSecond: (total / ms) * 1000, p50: ms, p99: ms })
  return [
    {
      group: 'split',
      name: BARE,
      counts: 'time',
      method: `one workflow that starts ${total} children, 500 under way at once, each with two local activities (one Redis write each), until it has all results`,
      run: async round => {
        const group = bareGroup(context, `split-${round}`)
        const startedAt = Date.now()
        await client.workflow.execute(BARE_PARENT, {
          workflowId: `bench/${group}`,
          taskQueue: bare.taskQueue,
          args: [{ group, count: total }] satisfies [BareParentInput],
        })
        return figures(Date.now() - startedAt)
      },
    },
    {
      group: 'split',
      name: 'split: request to the end of the last item',
      counts: 'time',
      beside: BARE,
      bound: 1.3,
      method: `one request with a list of ${total}, each element of which runs a decision, until all are completed; Temporal's visibility is asked each 100 ms`,
      run: async () => {
        const cycle = await ours.cycle(splitting)
        const body = JSON.stringify({ items: Array.from({ length: total }, (_, n) => n) })
        const { startedAt } = await post(cycle.url('order'), { connections: 1, requests: 1, maxMs: 60_000, first: 0, body })
        return figures((await reached(context, cycle.id, "ExecutionStatus = 'Completed'", total + 1, TIMEOUT)) - startedAt)
      },
    },
  ]
}
