import { describe, expect, it } from 'vitest'
import type { Step } from '../../../domain/document.ts'
import { createMemory, documentOf, inputOf, START, type World } from './memory.ts'

const trigger = (next: string | string[]): Step => ({ id: 'order', type: 'webhook', next })
const call = (id: string, next?: string | string[]): Step => ({ id, type: 'request', method: 'POST', url: 'http://test/', ...(next !== undefined && { next }) })
const join = (id: string, next?: string): Step => ({ id, type: 'waitAll', ...(next !== undefined && { next }) })

async function run(steps: readonly Step[], world: World = {}, body: { [name: string]: number | string } = {}) {
  const memory = createMemory(inputOf(documentOf(steps), body), world)
  const status = await memory.run()
  return { memory, status, called: memory.of('http').map(({ step, execution }) => `${step} ${execution}`), data: memory.life().state.data }
}

describe('waitAll (cycles.md 4)', () => {
  it('goes on once when every other path has ended or stands there, and tells how many', async () => {
    const { called, data, status } = await run([trigger(['a', 'b', 'c']), call('a', 'all'), call('b', 'all'), call('c'), join('all', 'after'), call('after')], {
      httpTakes: step => ({ a: 10, b: 500, c: 2_000 })[step] ?? 0,
    })
    expect(status).toBe('Completed')
    expect(called).toEqual(['a 1', 'b 1', 'c 1', 'after 1'])
    expect(data.get('all')).toEqual({ completed: 2, errored: 0, stopped: 0 })
  })
  it('of a single path goes on at once', async () => {
    const { called, data } = await run([trigger('all'), join('all', 'after'), call('after')])
    expect(called).toEqual(['after 1'])
    expect(data.get('all')).toEqual({ completed: 0, errored: 0, stopped: 0 })
  })
  it('waits for a delay of another path, and counts a path that stands at a mid-cycle webhook as ended', async () => {
    const { memory, called, status } = await run(
      [
        trigger(['slow', 'mid', 'all']),
        { id: 'slow', type: 'delay', for: '1d' },
        { id: 'mid', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' } },
        join('all', 'after'),
        call('after'),
      ],
      {},
      { id: 'x' },
    )
    expect(status).toBe('Completed')
    expect(called).toEqual(['after 1'])
    expect(memory.life().state.data.get('all')).toEqual({ completed: 2, errored: 0, stopped: 0 })
    expect(memory.life().state.records.get('all')).toMatchObject({ status: 'Completed', endedAt: START + 86_400_000 })
  })
  it('where paths stand at two, first the one that leads to the other', async () => {
    const { called, data } = await run([
      trigger(['a', 'b']),
      call('a', 'first'),
      call('b', 'second'),
      join('second', 'z'),
      join('first', 'x'),
      call('x', 'second'),
      call('z'),
    ])
    expect(called).toEqual(['a 1', 'b 1', 'x 1', 'z 1'])
    expect(data.get('first')).toEqual({ completed: 1, errored: 0, stopped: 0 })
    expect(data.get('second')).toEqual({ completed: 1, errored: 0, stopped: 0 })
  })
  it('in a loop joins each round', async () => {
    const { called } = await run(
      [
        trigger('fork'),
        { id: 'fork', type: 'delay', for: '1s', next: ['a', 'b'] },
        call('a', 'all'),
        call('b', 'all'),
        join('all', 'count'),
        { id: 'count', type: 'script', source: '', next: 'again' },
        { id: 'again', type: 'decision', left: '{{count.body}}', condition: 'lessThan', right: 3, true: 'fork' },
      ],
      {
        script: (() => {
          let n = 0
          return () => ++n
        })(),
      },
    )
    expect(called).toEqual(['a 1', 'b 1', 'a 2', 'b 2', 'a 3', 'b 3'])
  })
  it('is the same across new histories', async () => {
    const steps = [trigger(['a', 'b', 'c']), call('a', 'all'), call('b', 'x'), call('x', 'all'), call('c'), join('all', 'after'), call('after')]
    for (const suspendEvery of [1, 2, 3]) {
      const { called, data } = await run(steps, { suspendEvery, httpTakes: step => ({ a: 10, b: 500, c: 2_000 })[step] ?? 0 })
      expect(called.filter(each => each.startsWith('after'))).toEqual(['after 1'])
      expect(data.get('all')).toEqual({ completed: 2, errored: 0, stopped: 0 })
    }
  })
})

describe('switch (cycles.md 4)', () => {
  const steps: Step[] = [
    trigger('which'),
    {
      id: 'which',
      type: 'switch',
      value: '{{order.body.kind}}',
      cases: [{ equals: 1, next: 'one' }, { equals: '1.0', next: 'never' }, { equals: 'x', next: ['x', 'y'] }, { equals: 'end' }],
      default: 'other',
    },
    ...['one', 'never', 'x', 'y', 'other'].map(id => call(id)),
  ]
  const taken = async (kind: number | string): Promise<string[]> => (await run(steps, {}, { kind })).memory.of('http').map(({ step }) => step)
  it('leaves by the first case that equals, else by default', async () => {
    expect(await taken('1')).toEqual(['one'])
    expect(await taken('x')).toEqual(['x', 'y'])
    expect(await taken('end')).toEqual([])
    expect(await taken('else')).toEqual(['other'])
  })
})

describe('waitUntil (cycles.md 4)', () => {
  const at = async (text: string) => {
    const { memory, called, status } = await run(
      [trigger('until'), { id: 'until', type: 'waitUntil', at: '{{order.body.at}}', next: 'after' }, call('after')],
      {},
      { at: text },
    )
    return { status, called, endedAt: memory.life().state.records.get('until')?.endedAt, incidents: memory.incidents.map(({ message }) => message) }
  }
  it('waits until the instant; one that is past goes on at once', async () => {
    expect(await at('2026-01-03T00:00:00Z')).toEqual({ status: 'Completed', called: ['after 1'], endedAt: START + 2 * 86_400_000, incidents: [] })
    expect(await at('1999-01-01')).toMatchObject({ called: ['after 1'], endedAt: START })
  })
  it('beyond the retention, and of what is no instant, is a step error', async () => {
    expect(await at('2026-02-15')).toMatchObject({ status: 'Errored', called: [], incidents: ['Wait Until is over retention period'] })
    expect(await at('tomorrow')).toMatchObject({ status: 'Errored', incidents: ['Field is not a valid DateTime'] })
    expect(await at('')).toMatchObject({ status: 'Errored', incidents: ['WaitUntil step is missing wait criteria'] })
  })
})
