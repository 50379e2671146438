/** Bare Express, and accept: the whole of it, but the worker stands still meanwhile so that two cores are not shared by three. */
import { asynchronous } from '../cycles.ts'
import { post, type Context } from '../context.ts'
import type { Measure } from '../measures.ts'
import { until } from '../processes.ts'

const EXPRESS = 'bare Express'

export function httpMeasures(context: Context): readonly Measure[] {
  const { sizes, ours, bare, client } = context
  const load = { connections: sizes.connections, requests: sizes.requests, maxMs: sizes.maxMs, first: 0 }
  const how = `${sizes.connections} connections, ${sizes.requests} requests or ${sizes.maxMs / 1000} s`
  return [
    {
      group: 'http',
      name: EXPRESS,
      counts: 'rate',
      method: `a route that answers a fixed text and reads no body; ${how}`,
      run: async () => (await post(bare.expressUrl, load)).figures,
    },
    {
      group: 'http',
      name: 'accept',
      counts: 'rate',
      beside: EXPRESS,
      bound: 0.5,
      method: `an active cycle's webhook, every request with a new idempotency key: parse, registry, state, key, append, fsync; the worker is paused; ${how}`,
      run: async () => {
        const cycle = await ours.cycle(asynchronous)
        ours.worker.pause()
        try {
          return (await post(cycle.url('order'), load)).figures
        } finally {
          await cycle.delete()
          ours.worker.resume()
          // What was accepted is removed before anything else is measured.
          await until('the end of the deletion', 600_000, async () => {
            const { count } = await client.workflow.count(`WorkflowId STARTS_WITH 'cycleOperation/${cycle.id}/' AND ExecutionStatus = 'Completed'`)
            return count > 0 ? true : undefined
          })
        }
      },
    },
  ]
}
