/** Answers on a held connection, beside an update-with-start that answers at once. */
import { mapping, request } from '../cycles.ts'
import { post, temporal, type Context } from '../context.ts'
import type { Measure } from '../measures.ts'
import type { OwnCycle } from '../ours.ts'

interface Kind {
  readonly bare: string
  readonly ours: string
  readonly does: string
  readonly url?: string
  readonly cycle: object
}

export function synchronousMeasures(context: Context): readonly Measure[] {
  const { bare } = context
  const kinds: readonly Kind[] = [
    { bare: 'bare Temporal: update with start', ours: 'synchronous, one mapping', does: 'answers at once', cycle: mapping },
    {
      bare: 'bare Temporal: update with start, one activity',
      ours: 'synchronous, one request',
      does: 'makes one HTTP call in a regular activity and answers',
      url: bare.echoUrl,
      cycle: request(bare.echoUrl),
    },
  ]
  return kinds.flatMap(kind => [...measuresOf(context, kind, context.sizes.concurrency), ...measuresOf(context, kind, 1)])
}

function measuresOf(context: Context, kind: Kind, concurrency: number): Measure[] {
  const { sizes, ours } = context
  const count = concurrency === 1 ? sizes.alone : sizes.answers
  const suffix = concurrency === 1 ? 'one after the other' : `${concurrency} at once`
  const bareName = `${kind.bare}, ${suffix}`
  const counts = concurrency === 1 ? 'time' : 'rate'
  // One cycle for all rounds: keys and orders are numbered on.
  let made: Promise<OwnCycle> | undefined
  let first = 0
  const next = (): number => {
    first += count
    return first - count
  }
  return [
    {
      group: 'synchronous',
      name: bareName,
      counts,
      method: `${count} updates with start, straight from the client; the workflow runs one local activity, ${kind.does}, and runs another`,
      run: async round => {
        const load = { group: `${kind.url === undefined ? 'answer' : 'call'}-${concurrency}-${round}`, kind: 'answer' as const, count, concurrency, first: 0 }
        return (await temporal(context, kind.url === undefined ? load : { ...load, url: kind.url })).figures
      },
    },
    {
      group: 'synchronous',
      name: `${kind.ours}, ${suffix}`,
      counts,
      beside: bareName,
      ...(concurrency === 1 ? {} : { bound: 1 }),
      method: `${count} POSTs to a webhook whose cycle ${kind.does}, over HTTP`,
      run: async () => {
        const cycle = await (made ??= ours.cycle(kind.cycle))
        return (await post(cycle.url('order'), { connections: concurrency, requests: count, maxMs: 300_000, first: next() })).figures
      },
    },
  ]
}
