import { describe, expect, it } from 'vitest'
import type { Step } from '../../../domain/document.ts'
import { StepError } from '../../../domain/errors.ts'
import { live } from '../../../workflows/interpreter/life.ts'
import { createMemory, documentOf, inputOf, START, TX, type World } from './memory.ts'

const DAY = 24 * 3600_000
const trigger = (next: string | string[]): Step => ({ id: 'order', type: 'webhook', next })
const wait = (id: string, transaction: string, next?: string | string[]): Step => ({
  id,
  type: 'webhook',
  match: { request: 'body.id', transaction },
  ...(next === undefined ? {} : { next }),
})
const call = (id: string, next?: string | string[]): Step => ({
  id,
  type: 'request',
  method: 'POST',
  url: `http://test/${id}`,
  body: { n: '{{w.body.n}}' },
  ...(next === undefined ? {} : { next }),
})
const answer = (id: string, next?: string | string[]): Step => ({ id, type: 'synchronousResponse', body: id, ...(next === undefined ? {} : { next }) })
const pause = (id: string, duration: string, next?: string): Step => ({ id, type: 'delay', for: duration, ...(next === undefined ? {} : { next }) })

const waiting = (after: Step[] = [call('after')], world: World = {}) =>
  createMemory(inputOf(documentOf([trigger('w'), wait('w', 'order.body.id', after[0]?.id), ...after]), { id: 7 }), world)

describe('a mid-cycle webhook', () => {
  it('holds the transaction until it is removed, 31 days after its acceptance (cycles.md 6)', async () => {
    const memory = waiting()
    expect(await memory.run()).toBe('Completed')
    expect(memory.calls).toEqual([
      { call: 'begin', values: [{ stepId: 'w', value: '7' }] },
      { call: 'park', seen: {} },
      { call: 'register', step: 'w', value: '7' },
      { call: 'end', consumed: {}, status: 'Completed', retentionMs: 0 },
    ])
    expect(memory.answer(TX)).toEqual({ kind: 'none' })
  })

  it('runs the transaction on from there for each request, also after its end, each with its own data', async () => {
    const memory = waiting()
    for (const n of [1, 2, 3]) memory.at(n * 1_000, () => memory.deliver('w', { n }))
    await memory.run()
    expect(memory.of('http').map(({ request }) => request)).toMatchObject([{ body: { n: 1 } }, { body: { n: 2 } }, { body: { n: 3 } }])
    expect(memory.of('resume').map(({ delivery }) => delivery)).toEqual([1, 2, 3])
    expect(memory.of('park').at(-1)).toEqual({ call: 'park', seen: { w: 3 } })
    expect(memory.of('end')).toMatchObject([{ consumed: { w: 3 } }])
  })

  it('runs one request at a time, in the order of arrival', async () => {
    const memory = waiting([call('after')], { httpTakes: () => 5_000 })
    memory.at(1_000, () => [1, 2, 3].forEach(n => memory.deliver('w', { n })))
    await memory.run()
    expect(memory.life().state.records.get('after')).toMatchObject({ attempts: 3, startedAt: START + 11_000 })
    expect(memory.of('http').map(({ request }) => request)).toMatchObject([{ body: { n: 1 } }, { body: { n: 2 } }, { body: { n: 3 } }])
  })

  it('ignores a delivery that is not above the highest that came (protocol.md)', async () => {
    const memory = waiting()
    memory.at(1_000, () => {
      memory.deliver('w', { n: 'second' }, 2)
      memory.deliver('w', { n: 'a repeat' }, 2)
      memory.deliver('w', { n: 'late' }, 1)
    })
    await memory.run()
    expect(memory.of('http').map(({ request }) => request)).toMatchObject([{ body: { n: 'second' } }])
  })

  it('takes a request that came before it was reached, when it is reached', async () => {
    const memory = createMemory(inputOf(documentOf([trigger('late'), pause('late', '1h', 'w'), wait('w', 'order.body.id', 'after'), call('after')]), { id: 7 }))
    memory.at(1_000, () => memory.deliver('w', { n: 1 }))
    await memory.run()
    expect(memory.of('http')).toHaveLength(1)
    expect(memory.life().state.records.get('after')?.startedAt).toBe(START + 3600_000)
  })

  it('that is another than the one reached keeps its request: the transaction parks again with it seen', async () => {
    const memory = createMemory(
      inputOf(documentOf([trigger('w'), wait('w', 'order.body.id', 'v'), wait('v', 'order.body.id', 'after'), call('after')]), { id: 7 }),
    )
    memory.at(1_000, () => memory.deliver('v', { n: 'v' }))
    memory.at(2_000, () => memory.deliver('w', { n: 'w' }))
    await memory.run()
    expect(memory.of('park').map(({ seen }) => seen)).toEqual([{}, { v: 1 }, { v: 1, w: 2 }])
    expect(memory.of('resume').map(({ step }) => step)).toEqual(['w', 'v'])
    expect(memory.of('end')).toMatchObject([{ consumed: { w: 2, v: 1 } }])
  })

  it("that is never reached leaves its requests to the index: they are another's", async () => {
    const memory = createMemory(
      inputOf(
        documentOf([
          trigger('if'),
          { id: 'if', type: 'decision', left: 1, condition: 'equals', right: 2, true: 'w', false: 'late' },
          pause('late', '1h'),
          wait('w', 'order.body.id'),
        ]),
        { id: 7 },
      ),
    )
    memory.at(1_000, () => memory.deliver('w'))
    expect(memory.answer('request-1')).toBeUndefined()
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('end')).toMatchObject([{ consumed: {}, status: 'Completed', retentionMs: 31 * DAY - 3600_000 }])
    expect(memory.answer('request-1')).toEqual({ kind: 'moved' })
  })

  it('lets a path beside it go on: the run is over when every path has ended or stands', async () => {
    const memory = createMemory(
      inputOf(documentOf([trigger(['w', 'slow']), wait('w', 'order.body.id', 'after'), pause('slow', '1h', 'tail'), call('tail'), call('after')]), { id: 7 }),
    )
    memory.at(1_000, () => memory.deliver('w'))
    await memory.run()
    expect(memory.of('http').map(({ step }) => step)).toEqual(['tail', 'after'])
  })
})

describe('values that mid-cycle steps match on (webhooks.md 6)', () => {
  it('are registered when the step that yields them is done, before the next one begins', async () => {
    const memory = createMemory(inputOf(documentOf([trigger('make'), call('make', 'tell'), call('tell', 'w'), wait('w', 'make.body.id')])), {
      http: (_request, step) => ({ status: 200, headers: {}, body: { id: step } }),
    })
    await memory.run()
    expect(memory.calls.filter(({ call: kind }) => kind === 'http' || kind === 'register')).toMatchObject([
      { call: 'http', step: 'make' },
      { call: 'register', step: 'w', value: 'make' },
      { call: 'http', step: 'tell' },
    ])
  })

  it('are registered anew when they change, and taken back when they are gone', async () => {
    const ids: (string | null)[] = ['a', 'a', 'b', null]
    const memory = createMemory(inputOf(documentOf([trigger('make'), call('make', 'w'), wait('w', 'make.body.id', 'make')])), {
      http: () => ({ status: 200, headers: {}, body: { id: ids.shift() ?? null } }),
    })
    for (const at of [1_000, 2_000, 3_000]) memory.at(at, () => memory.deliver('w'))
    await memory.run()
    expect(memory.of('register').map(({ value }) => value)).toEqual(['a', 'b', undefined])
  })

  it('that come from other roots than the trigger are there when it begins', async () => {
    const memory = createMemory(inputOf(documentOf([trigger('w'), wait('w', 'transaction.id')])))
    await memory.run()
    expect(memory.of('begin')).toEqual([{ call: 'begin', values: [{ stepId: 'w', value: TX }] }])
    expect(memory.life().state.registered.has('w')).toBe(true)
  })

  it('of several steps are kept apart', async () => {
    const memory = createMemory(inputOf(documentOf([trigger(['v', 'w']), wait('v', 'order.body.a'), wait('w', 'order.body.b')]), { a: 1, b: true }))
    await memory.run()
    expect(memory.of('begin')).toEqual([
      {
        call: 'begin',
        values: [
          { stepId: 'v', value: '1' },
          { stepId: 'w', value: 'true' },
        ],
      },
    ])
    expect([...memory.life().state.registered]).toEqual([
      ['v', { value: '1', hash: 'hash of 1' }],
      ['w', { value: 'true', hash: 'hash of true' }],
    ])
  })
})

describe('a response (webhooks.md 4)', () => {
  it('is that of the first response step that is reached; a later one is a warning on its step', async () => {
    const memory = createMemory(
      inputOf(documentOf([trigger(['slow', 'one']), pause('slow', '1s', 'two'), answer('one', 'three'), answer('two'), answer('three')])),
    )
    expect(await memory.run()).toBe('Completed')
    expect(memory.answer(TX)).toMatchObject({ kind: 'response', body: 'one' })
    expect(memory.incidents.map(({ level, stepId, message }) => [level, stepId, message])).toEqual([
      ['Warning', 'three', 'Failed to return the webhook response'],
      ['Warning', 'two', 'Failed to return the webhook response'],
    ])
  })

  it('stays where a later step fails', async () => {
    const memory = createMemory(inputOf(documentOf([trigger('one'), answer('one', 'bad'), call('bad')])), {
      http: () => Promise.reject(new StepError('callFailed', 'down')),
    })
    expect(await memory.run()).toBe('Errored')
    expect(memory.answer(TX)).toMatchObject({ kind: 'response' })
  })

  it('of a mid-cycle request is one of its own run', async () => {
    const memory = waiting([{ id: 'reply', type: 'synchronousResponse', body: '{{w.body.n}}', bodyType: 'text' }])
    memory.at(1_000, () => memory.deliver('w', { n: 1 }))
    memory.at(2_000, () => memory.deliver('w', { n: 2 }))
    await memory.run()
    expect([TX, 'request-1', 'request-2'].map(memory.answer)).toMatchObject([
      { kind: 'none' },
      { kind: 'response', body: '1' },
      { kind: 'response', body: '2' },
    ])
  })

  it('is none where every path of the run ended or stands without one', async () => {
    const memory = waiting([{ id: 'if', type: 'decision', left: '{{w.body.n}}', condition: 'exists', true: 'reply' }, answer('reply')])
    memory.at(1_000, () => memory.deliver('w'))
    await memory.run()
    expect(memory.answer('request-1')).toEqual({ kind: 'none' })
  })

  it('is not kept for a request that nobody waits for', async () => {
    const memory = waiting()
    memory.at(1_000, () => memory.deliver('w'))
    await memory.run()
    expect([...memory.life().state.responses.keys()]).toEqual([TX])
  })

  it('does not wait for inline scripts that run after it', async () => {
    const memory = createMemory(
      inputOf(
        documentOf([
          trigger('one'),
          { id: 'one', type: 'synchronousResponse', body: '= 1', next: 'after' },
          { id: 'after', type: 'script', source: '', input: '= 2' },
        ]),
      ),
      {
        evaluate: () => 1,
      },
    )
    await memory.run()
    expect(memory.of('evaluate').map(({ step, answered }) => [step, answered])).toEqual([
      ['one', false],
      ['after', true],
    ])
  })

  it('that two paths build at once is given by the one that is ready first', async () => {
    const memory = createMemory(
      inputOf(
        documentOf([trigger(['one', 'two']), { id: 'one', type: 'synchronousResponse', body: '= 1' }, { id: 'two', type: 'synchronousResponse', body: '= 2' }]),
      ),
      { evaluate: ({ expression }) => expression.trim() },
    )
    await memory.run()
    expect(memory.answer(TX)).toMatchObject({ body: '1' })
    expect(memory.incidents).toMatchObject([{ level: 'Warning', stepId: 'two' }])
  })
})

describe('a stopped transaction', () => {
  it('takes no more requests where the index says stop at resume; one that was taken counts', async () => {
    const refused = waiting([answer('reply')], { resume: () => ({ answer: 'stop', taken: false }) })
    refused.at(1_000, () => refused.deliver('w'))
    expect(await refused.run()).toBe('Stopped')
    expect(refused.of('end')).toMatchObject([{ consumed: {}, status: 'Stopped' }])
    expect(refused.answer('request-1')).toEqual({ kind: 'moved' })

    const taken = waiting([answer('reply')], { resume: () => ({ answer: 'stop', taken: true }) })
    taken.at(1_000, () => taken.deliver('w'))
    expect(await taken.run()).toBe('Stopped')
    expect(taken.of('end')).toMatchObject([{ consumed: { w: 1 } }])
    expect(taken.answer('request-1')).toEqual({ kind: 'failed' })
  })

  it('ends where the index says stop when it parks', async () => {
    const memory = waiting([], { park: () => 'stop' })
    expect(await memory.run()).toBe('Stopped')
    expect(memory.of('park')).toHaveLength(1)
  })

  it('ends while it waits', async () => {
    const memory = waiting()
    memory.at(DAY, memory.stop)
    expect(await memory.run()).toBe('Stopped')
    expect(memory.of('end')).toMatchObject([{ retentionMs: 30 * DAY }])
  })

  it('fails the held sender of the run it is stopped in', async () => {
    const memory = waiting([pause('slow', '1h', 'reply'), answer('reply')])
    memory.at(1_000, () => memory.deliver('w'))
    memory.at(2_000, memory.stop)
    expect(await memory.run()).toBe('Stopped')
    expect(memory.answer('request-1')).toEqual({ kind: 'failed' })
    expect(memory.of('end')).toMatchObject([{ consumed: { w: 1 } }])
  })
})

describe('a transaction that wants a new history', () => {
  it('and is stopped before it has one ends in the old one', async () => {
    const input = inputOf(documentOf([trigger(['slow', 'now']), pause('slow', '1h', 'after'), call('now', 'after'), call('after')]))
    const memory = createMemory(input, { suspendEvery: 3 })
    expect(await memory.drive(live(memory.life()))).toBe('suspended')
    memory.stop()
    expect(await memory.drive(live(memory.life()))).toBe('Stopped')
    expect(memory.of('http').map(({ step }) => step)).toEqual(['now'])
    expect(memory.of('end')).toMatchObject([{ status: 'Stopped' }])
  })
})

describe("a delivery that is another transaction's by now", () => {
  it('makes no run, and its sender looks where it went', async () => {
    const memory = waiting([answer('reply')], { resume: (_step, delivery) => ({ answer: delivery === 1 ? 'moved' : 'go' }) })
    memory.at(1_000, () => memory.deliver('w'))
    memory.at(2_000, () => memory.deliver('w'))
    memory.at(3_000, memory.stop)
    expect(await memory.run()).toBe('Stopped')
    expect(memory.answer('request-1')).toEqual({ kind: 'moved' })
    expect(memory.answer('request-2')).toMatchObject({ kind: 'response' })
    expect(memory.of('end')).toMatchObject([{ consumed: { w: 2 } }])
  })
})

describe('a busy transaction', () => {
  it('stays in progress and parks when the delivery on its way has come', async () => {
    const answers: ('busy' | 'parked')[] = ['busy']
    const memory = waiting([call('after')], { park: () => answers.shift() ?? 'parked' })
    memory.at(5, () => memory.deliver('w'))
    memory.at(6, () => expect(memory.life().state.status).toBe('Waiting'))
    await memory.run()
    expect(memory.of('park').map(({ seen }) => seen)).toEqual([{}, { w: 1 }])
  })

  it('asks again after a minute where none comes', async () => {
    const answers: ('busy' | 'parked')[] = ['busy', 'busy']
    const memory = waiting([], { park: () => answers.shift() ?? 'parked' })
    memory.at(119_000, () => expect(memory.of('park')).toHaveLength(2))
    memory.at(121_000, () => expect(memory.of('park')).toHaveLength(3))
    await memory.run()
  })
})

describe('a transaction whose time is over', () => {
  it('ends its run first, then is removed with what it did not take', async () => {
    const memory = createMemory(
      inputOf(
        documentOf([trigger('slow'), pause('slow', '2h', 'w'), wait('w', 'order.body.id', 'after'), call('after')]),
        { id: 7 },
        { retentionMs: 3600_000 },
      ),
    )
    memory.at(1_000, () => memory.deliver('w'))
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('http')).toEqual([])
    expect(memory.of('end')).toEqual([{ call: 'end', consumed: {}, status: 'Completed', retentionMs: 0 }])
  })
})
