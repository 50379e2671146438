import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Step } from '../../../domain/document.ts'
import type { Json } from '../../../domain/json.ts'
import type { Item } from '../../../workflows/messages.ts'
import { createMemory, documentOf, inputOf, START, TX, type World } from './memory.ts'

const MINUTE = 60_000
const call = (id: string, next?: string, more: object = {}): Step => ({
  id,
  type: 'request',
  method: 'POST',
  url: 'http://test/',
  ...(next !== undefined && { next }),
  ...more,
})
const trigger = (next: string | string[], more: object = {}): Step => ({ id: 'order', type: 'webhook', next, ...more })
const splitting = (next: string, more: object = {}): Step => trigger(next, { split: 'body.items', ...more })
const items = (n: number): Json[] => Array.from({ length: n }, (_, i) => ({ n: i }))

function memoryOf(steps: readonly Step[], body: Json, world: World = {}) {
  return createMemory(inputOf(documentOf(steps), body), world)
}
const started = (memory: ReturnType<typeof createMemory>): Item[] => memory.of('startItem').map(({ item }) => item)

describe('splitting (cycles.md 4)', () => {
  it('each element goes on in a transaction of its own, with item, index and total; the path ends', async () => {
    const memory = memoryOf([splitting('a'), call('a')], { items: items(3) })
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('http')).toEqual([])
    expect(
      started(memory).map(({ index, total, value, stepId, execution, parent, request }) => ({ index, total, value, stepId, execution, parent, request })),
    ).toEqual([0, 1, 2].map(n => ({ index: n, total: 3, value: { n }, stepId: 'order', execution: 1, parent: TX, request: TX })))
  })
  it('an item runs what follows the split, and stops at the join', async () => {
    const steps = [
      splitting('a', {}),
      call('a', 'all', { body: '{{order.item.n}} of {{order.total}} at {{order.index}}' }),
      { id: 'all', type: 'waitAll', next: 'z' } as const,
      call('z'),
    ]
    const input = inputOf(documentOf(steps))
    const memory = createMemory({
      ...input,
      item: { parent: TX, stepId: 'order', execution: 1, index: 4, total: 9, value: { n: 'x' }, request: TX, data: {} },
    })
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('http').map(({ step, request }) => [step, request.body])).toEqual([['a', 'x of 9 at 4']])
    expect(memory.calls.map(({ call: kind }) => kind)).toEqual(['beginItem', 'http', 'end'])
  })
  it('an empty list makes none, and the join goes on', async () => {
    const memory = memoryOf([splitting('a'), call('a', 'all'), { id: 'all', type: 'waitAll', next: 'z' }, call('z')], { items: [] })
    expect(await memory.run()).toBe('Completed')
    expect(started(memory)).toEqual([])
    expect(memory.of('http').map(({ step }) => step)).toEqual(['z'])
    expect(memory.life().state.data.get('all')).toEqual({ completed: 0, errored: 0, stopped: 0 })
  })
  it('of what is no list is a step error', async () => {
    for (const [found, told] of [
      [{ a: 1 }, '{"a":1}'],
      ['x', '"x"'],
      [null, 'null'],
    ] as const) {
      const memory = memoryOf([splitting('a'), call('a')], { items: found })
      expect(await memory.run()).toBe('Errored')
      expect(memory.incidents).toMatchObject([
        { level: 'Error', message: 'Step data cannot be split', detail: `At body.items is no list but ${told}`, stepId: 'order' },
      ])
    }
    const missing = memoryOf([splitting('a'), call('a')], {})
    await missing.run()
    expect(missing.incidents[0]?.detail).toBe('At body.items is no list but nothing')
  })
  it('of an answer, with the error rule of its step', async () => {
    const steps = [
      trigger('ask'),
      call('ask', 'a', { split: 'body.list', onError: 'ignore' }),
      call('a', 'all'),
      { id: 'all', type: 'waitAll', next: 'z' } as const,
      call('z'),
    ]
    const good = memoryOf(steps, {}, { http: (_request, step) => ({ status: 200, headers: {}, body: step === 'ask' ? { list: [1, 2] } : null }) })
    expect(await good.run()).toBe('Completed')
    expect(started(good).map(({ value }) => value)).toEqual([1, 2])
    const bad = memoryOf(steps, {})
    expect(await bad.run()).toBe('Completed')
    expect(bad.of('http').map(({ step }) => step)).toEqual(['ask', 'z'])
    expect(bad.incidents.map(({ message }) => message)).toEqual(['Step data cannot be split'])
  })
  it('an item is given the step data that its steps name, and no more', async () => {
    const steps = [
      trigger('make'),
      call('make', 'ask'),
      call('ask', 'a', { split: 'body.list' }),
      call('a', undefined, { body: { sum: '{{ask.status}}', who: '={{order.body.who}} + "{{order.query.q}}"' } }),
    ]
    const memory = memoryOf(steps, { who: 'me', big: 'x'.repeat(1000) }, { http: () => ({ status: 200, headers: { h: '1' }, body: { list: [1] } }) })
    await memory.run()
    expect(started(memory)[0]?.data).toEqual({ ask: { status: 200 }, order: { body: { who: 'me', big: 'x'.repeat(1000) }, query: {} } })
  })
  it('waitAll counts each item once, beside the other paths', async () => {
    const steps = [
      trigger(['ask', 'other', 'third']),
      call('ask', 'a', { split: 'body.list' }),
      call('a', 'all'),
      call('other', 'all'),
      call('third'),
      { id: 'all', type: 'waitAll', next: 'z' } as const,
      call('z'),
    ]
    const memory = memoryOf(
      steps,
      {},
      {
        http: (_request, step) => ({ status: 200, headers: {}, body: step === 'ask' ? { list: items(10) } : null }),
        item: ({ index }) => ({ ends: index < 3 ? 'errored' : index < 5 ? 'stopped' : 'completed', takes: index * MINUTE }),
      },
    )
    expect(await memory.run()).toBe('Completed')
    expect(memory.life().state.data.get('all')).toEqual({ completed: 5 + 2, errored: 3, stopped: 2 })
    expect(memory.of('http').at(-1)).toMatchObject({ step: 'z', at: 9 * MINUTE })
  })
  it('many are started in batches, not far ahead of those that end, and counted across new histories', async () => {
    let running = 0
    let most = 0
    const memory = memoryOf(
      [splitting('a'), call('a', 'all'), { id: 'all', type: 'waitAll' }],
      { items: items(2_300) },
      {
        suspendEvery: 7,
        item: ({ index }) => {
          most = Math.max(most, ++running)
          return { takes: (index % 10) * 100 }
        },
      },
    )
    expect(await memory.run()).toBe('Completed')
    expect(started(memory).map(({ index }) => index)).toEqual(Array.from({ length: 2_300 }, (_, i) => i))
    expect(memory.life().state.data.get('all')).toEqual({ completed: 2_300, errored: 0, stopped: 0 })
    expect([...memory.life().state.data.keys()]).toEqual(['order', 'all'])
  })
  it('items that take long do not hold the others back', async () => {
    const memory = memoryOf([splitting('a'), call('a')], { items: items(1_200) }, { item: () => ({ takes: 5 * 24 * 60 * MINUTE }) })
    expect(await memory.run()).toBe('Completed')
    expect(memory.life().context.now() - START).toBeLessThan(5 * 24 * 60 * MINUTE + 10 * MINUTE)
  })
  it('a stop, and the failure of another path, stop the items', async () => {
    const steps = [splitting('a'), call('a')]
    const stopped = memoryOf(steps, { items: items(60) }, { item: () => ({ takes: 60 * MINUTE }) })
    stopped.at(MINUTE, stopped.stop)
    expect(await stopped.run()).toBe('Stopped')
    expect(stopped.of('stopItems')).toEqual([{ call: 'stopItems', split: 'order.1' }])

    const failing = [trigger(['ask', 'bad']), call('ask', 'a', { split: 'body.list' }), call('a'), { id: 'bad', type: 'waitUntil', at: 'never' } as const]
    const failed = memoryOf(failing, {}, { http: () => ({ status: 200, headers: {}, body: { list: items(3) } }), item: () => ({ takes: 60 * MINUTE }) })
    expect(await failed.run()).toBe('Errored')
  })
  it('after a failure was mended the items that are left are started, those stopped count as stopped', async () => {
    const steps: Step[] = [
      trigger(['ask', 'pause']),
      call('ask', 'a', { split: 'body.list' }),
      call('a', 'all'),
      { id: 'pause', type: 'delay', for: '1m', next: 'bad' },
      { id: 'bad', type: 'waitUntil', at: 'never' },
      { id: 'all', type: 'waitAll', next: 'z' },
      call('z'),
    ]
    const memory = memoryOf(
      steps,
      {},
      { http: () => ({ status: 200, headers: {}, body: { list: items(4) } }), item: ({ index }) => ({ takes: index * 50_000 }) },
    )
    memory.at(5 * MINUTE, () => memory.order('skip'))
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('stopItems')).toHaveLength(1)
    expect(memory.life().state.data.get('all')).toEqual({ completed: 2 + 1, errored: 0, stopped: 2 })
  })
  it("a response step in an item answers the parent's sender", async () => {
    const steps: Step[] = [splitting('answer'), { id: 'answer', type: 'synchronousResponse', status: 201, body: '{{order.item}}' }]
    const input = inputOf(documentOf(steps))
    const memory = createMemory({ ...input, item: { parent: TX, stepId: 'order', execution: 1, index: 0, total: 1, value: 7, request: TX, data: {} } })
    await memory.run()
    expect(memory.of('answerParent')).toMatchObject([{ answer: { request: TX, stepId: 'answer', response: { kind: 'response', status: 201, body: '7' } } }])
  })
  it('only items register the values of steps that only they come to', async () => {
    const mid: Step = { id: 'mid', type: 'webhook', match: { request: 'body.n', transaction: 'order.item.n' }, next: 'a' }
    const all: Step = { id: 'whole', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' } }
    const steps = [splitting('mid'), mid, call('a', 'all'), { id: 'all', type: 'waitAll', next: 'whole' } as const, all]
    const parent = memoryOf(steps, { id: 'X', items: items(1) })
    parent.at(40 * 24 * 60 * MINUTE, () => undefined)
    await parent.run()
    expect(parent.of('begin')[0]?.values).toEqual([{ stepId: 'whole', value: 'X' }])
    const input = inputOf(documentOf(steps))
    const item = createMemory({ ...input, item: { parent: TX, stepId: 'order', execution: 1, index: 0, total: 1, value: { n: 5 }, request: TX, data: {} } })
    item.at(MINUTE, () => item.deliver('mid'))
    await item.run()
    expect(item.of('beginItem')[0]?.values).toEqual([{ stepId: 'mid', value: '5' }])
    expect(item.of('http').map(({ step }) => step)).toEqual(['a'])
  })
  it('whatever way the items go, all are started once, and the join counts them all', async () => {
    const how = fc.record({ ends: fc.constantFrom('completed' as const, 'errored' as const, 'stopped' as const), takes: fc.integer({ min: 0, max: 100_000 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(how, { maxLength: 150 }), fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }), async (list, suspendEvery) => {
        const memory = memoryOf(
          [splitting('a'), call('a', 'all'), { id: 'all', type: 'waitAll', next: 'z' }, call('z')],
          { items: items(list.length) },
          {
            item: ({ index }) => list[index] ?? {},
            ...(suspendEvery === undefined ? {} : { suspendEvery }),
          },
        )
        expect(await memory.run()).toBe('Completed')
        expect(started(memory).map(({ index }) => index)).toEqual(list.map((_, i) => i))
        const count = (ends: string): number => list.filter(each => each.ends === ends).length
        expect(memory.life().state.data.get('all')).toEqual({ completed: count('completed'), errored: count('errored'), stopped: count('stopped') })
        expect(memory.of('http').map(({ step }) => step)).toEqual(['z'])
      }),
      { numRuns: 60 },
    )
  })
})
