import { describe, expect, it } from 'vitest'
import type { Step } from '../../../domain/document.ts'
import { StepError } from '../../../domain/errors.ts'
import { createMemory, documentOf, inputOf, START, TX } from './memory.ts'

const trigger = (next: string | string[]): Step => ({ id: 'order', type: 'webhook', next })
const call = (id: string, next?: string | string[]): Step => ({
  id,
  type: 'request',
  method: 'POST',
  url: `http://test/${id}`,
  ...(next === undefined ? {} : { next }),
})

describe('an incident', () => {
  const wrong: { readonly [name: string]: Step } = {
    'a delay': { id: 'bad', type: 'delay', for: '{{order.body.value}}' },
    'a wait': { id: 'bad', type: 'waitUntil', at: '{{order.body.value}}' },
    'a response': { id: 'bad', type: 'synchronousResponse', status: '{{order.body.value}}' },
  }
  it.each(Object.entries(wrong))('of %s that its data makes wrong tells the data, but under log: none (cycles.md 5)', async (_, step) => {
    const detailUnder = async (log: 'requests' | 'none'): Promise<string | undefined> => {
      const memory = createMemory(inputOf(documentOf([trigger('bad'), step], { settings: { log, retention: { errored: '0s' } } }), { value: 'private' }))
      await memory.run()
      return memory.incidents[0]?.detail
    }
    expect(await detailUnder('requests')).toContain('"private"')
    expect(await detailUnder('none')).toContain('(not logged)')
    expect(await detailUnder('none')).not.toContain('private')
  })
})

describe('a run', () => {
  it('goes from step to step, each with the data of those before it (cycles.md 3)', async () => {
    const memory = createMemory(
      inputOf(
        documentOf([
          trigger('reserve'),
          {
            id: 'reserve',
            type: 'request',
            method: 'PUT',
            url: 'http://test/{{order.body.id}}',
            body: { sku: '{{order.body.sku}}', gone: '{{order.body.none}}' },
            next: 'tell',
          },
          { id: 'tell', type: 'request', method: 'POST', url: 'http://test/tell', body: '{{reserve.body}}' },
        ]),
        { id: 7, sku: 'A' },
      ),
      { http: (_request, step) => ({ status: 201, headers: { 'x-a': 'b' }, body: { from: step } }) },
    )
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('http').map(({ step, request }) => ({ step, request }))).toEqual([
      { step: 'reserve', request: { method: 'PUT', url: 'http://test/7', body: { sku: 'A' }, timeoutMs: 30_000 } },
      { step: 'tell', request: { method: 'POST', url: 'http://test/tell', body: { from: 'reserve' }, timeoutMs: 30_000 } },
    ])
    expect(memory.life().state.data.get('reserve')).toEqual({ status: 201, headers: { 'x-a': 'b' }, body: { from: 'reserve' } })
  })

  it('gives a script its parameters filled in, and goes on with a warning where the script made one of an error', async () => {
    const scripted: Step = {
      id: 'ask',
      type: 'request',
      method: 'GET',
      url: 'http://test/ask',
      script: 'x',
      scriptParameters: { id: '{{order.body.id}}', gone: '{{order.body.no}}' },
      next: 'after',
    }
    const memory = createMemory(inputOf(documentOf([trigger('ask'), scripted, call('after')]), { id: 7 }), {
      http: (_request, step) => (step === 'ask' ? { status: 404, headers: {}, body: null, warning: 'not there' } : { status: 200, headers: {}, body: null }),
    })
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('http').map(({ request }) => request.scriptParameters)).toEqual([{ id: 7 }, undefined])
    expect(memory.life().state.data.get('ask')).toEqual({ status: 404, headers: {}, body: null })
    expect(memory.incidents).toMatchObject([{ level: 'Warning', stepId: 'ask', message: 'Failed to call the method', detail: 'not there' }])
  })

  it('starts one concurrent path for each step of a list in next', async () => {
    const memory = createMemory(inputOf(documentOf([trigger(['a', 'b']), call('a', 'after'), call('b', 'after'), call('after')])), {
      httpTakes: step => (step === 'a' ? 1_000 : step === 'b' ? 10 : 0),
    })
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('http').map(({ step, execution }) => `${step} ${execution}`)).toEqual(['a 1', 'b 1', 'after 1', 'after 2'])
  })

  it('is over at once where the trigger leads nowhere', async () => {
    const memory = createMemory(inputOf(documentOf([{ id: 'order', type: 'webhook' }, call('never')])))
    expect(await memory.run()).toBe('Completed')
    expect(memory.calls.map(({ call: name }) => name)).toEqual(['begin', 'end'])
    expect(memory.answer(TX)).toEqual({ kind: 'none' })
  })

  it('leaves a decision by the exit of its outcome, and ends where that leads nowhere', async () => {
    const steps: Step[] = [
      trigger('big'),
      { id: 'big', type: 'decision', left: '{{order.body.total}}', condition: 'greaterThan', right: 10, true: ['yes', 'both'], false: 'no' },
      call('yes'),
      call('both'),
      call('no'),
    ]
    const over = createMemory(inputOf(documentOf(steps), { total: 11 }))
    await over.run()
    expect(over.of('http').map(({ step }) => step)).toEqual(['yes', 'both'])
    const under = createMemory(inputOf(documentOf(steps), { total: '9' }))
    await under.run()
    expect(under.of('http').map(({ step }) => step)).toEqual(['no'])
    const [order, big, ...rest] = steps
    if (order === undefined || big?.type !== 'decision') throw new Error('the document is another')
    const { false: _no, ...open } = big
    const none = createMemory(inputOf(documentOf([order, open, ...rest]), { total: 1 }))
    expect(await none.run()).toBe('Completed')
    expect(none.of('http')).toEqual([])
  })

  it('takes a missing left side of a decision as missing', async () => {
    const memory = createMemory(
      inputOf(documentOf([trigger('there'), { id: 'there', type: 'decision', left: '{{order.body.x}}', condition: 'notExists', true: 'yes' }, call('yes')])),
    )
    await memory.run()
    expect(memory.of('http')).toHaveLength(1)
  })

  it('waits in a delay for as long as it says', async () => {
    const memory = createMemory(inputOf(documentOf([trigger('pause'), { id: 'pause', type: 'delay', for: '2h', next: 'after' }, call('after')])))
    await memory.run()
    expect(memory.life().state.records.get('after')?.startedAt).toBe(START + 2 * 3600_000)
  })

  it("fills merge fields into a delay's length and a request's method (cycles.md 3)", async () => {
    const steps: Step[] = [
      trigger('pause'),
      { id: 'pause', type: 'delay', for: '{{order.body.wait}}', next: 'ask' },
      { id: 'ask', type: 'request', method: '{{order.body.verb}}', url: 'http://test/' },
    ]
    const memory = createMemory(inputOf(documentOf(steps), { wait: '2h', verb: 'PATCH' }))
    expect(await memory.run()).toBe('Completed')
    expect(memory.life().state.records.get('ask')?.startedAt).toBe(START + 2 * 3600_000)
    expect(memory.of('http').map(({ request }) => request.method)).toEqual(['PATCH'])
    const wrong = createMemory(inputOf(documentOf(steps), { wait: 'a while', verb: 'PATCH' }))
    expect(await wrong.run()).toBe('Errored')
    expect(wrong.life().state.failure?.detail).toMatch(/"a while"; a duration/)
  })

  it('gives a script its input, and its return value is the body', async () => {
    const memory = createMemory(
      inputOf(
        documentOf([
          trigger('add'),
          { id: 'add', type: 'script', source: 'function run() {}', input: { n: '{{order.body.n}}' }, next: 'bare' },
          { id: 'bare', type: 'script', source: 'function run() {}' },
        ]),
        { n: 3 },
      ),
      { script: (_source, input) => [input] },
    )
    await memory.run()
    expect(memory.of('script').map(({ input }) => input)).toEqual([{ n: 3 }, null])
    expect(memory.life().state.data.get('add')).toEqual({ body: [{ n: 3 }] })
  })

  it('puts the results of inline scripts in, and leaves out what has none', async () => {
    const memory = createMemory(
      inputOf(
        documentOf([
          trigger('a'),
          { id: 'a', type: 'request', method: 'POST', url: 'http://test', body: { sum: '= {{order.body.n}} + 1', none: '= undefined' } },
        ]),
        { n: 3 },
      ),
      { evaluate: ({ values }) => (Object.keys(values).length === 0 ? undefined : 4) },
    )
    await memory.run()
    expect(memory.of('http')[0]?.request).toMatchObject({ body: { sum: 4 } })
    expect(memory.of('evaluate')).toEqual([{ call: 'evaluate', step: 'a', answered: false }])
  })

  it('keeps secret variables as references', async () => {
    const document = documentOf(
      [trigger('a'), { id: 'a', type: 'request', method: 'GET', url: 'http://test', auth: { type: 'bearer', token: '{{variables.key}}' } }],
      {
        variables: [{ name: 'key', secret: true }],
      },
    )
    const memory = createMemory(inputOf(document))
    await memory.run()
    expect(memory.of('http')[0]?.request).toMatchObject({ auth: { type: 'bearer', token: '\ufdd0key\ufdd1' } })
  })

  it('runs loops, and stops a transaction with an error after the executions that are allowed (cycles.md 2)', async () => {
    const memory = createMemory(inputOf(documentOf([trigger('a'), call('a', 'b'), call('b', 'a')]), {}, { maxStepExecutions: 7 }))
    expect(await memory.run()).toBe('Errored')
    expect(memory.of('http')).toHaveLength(7)
    expect(memory.incidents).toMatchObject([{ level: 'Error', stepId: 'b', message: 'Transaction Stopped', detail: 'The transaction took more than 7 steps' }])
  })
})

describe('a step error', () => {
  const failing = { http: () => Promise.reject(new StepError('callFailed', 'answered 500')), httpTakes: (step: string) => (step === 'bad' ? 10 : 10_000) }

  it('is an incident, ends the whole run, and the transaction is Errored (cycles.md 5)', async () => {
    const memory = createMemory(
      inputOf(
        documentOf([
          trigger(['bad', 'slow', 'pause']),
          call('bad', 'after'),
          call('slow', 'after'),
          { id: 'pause', type: 'delay', for: '1h', next: 'after' },
          call('after'),
        ]),
      ),
      failing,
    )
    expect(await memory.run()).toBe('Errored')
    expect(memory.of('http').map(({ step }) => step)).toEqual(['bad', 'slow'])
    expect(memory.incidents).toEqual([{ at: START + 10, level: 'Error', stepId: 'bad', message: 'Failed to call the method', detail: 'answered 500', seq: 1 }])
    expect(memory.of('end')).toMatchObject([{ status: 'Errored' }])
    expect(memory.answer(TX)).toEqual({ kind: 'failed' })
    expect(memory.life().state.records.get('bad')?.status).toBe('Errored')
  })

  it('comes where the data of all steps grows to more than a transaction may hold; data that takes the place of older counts once', async () => {
    const http = (megabytes: number) => ({ status: 200, headers: {}, body: 'x'.repeat(megabytes * 1024 * 1024) })
    const loop = [trigger('a'), call('a', 'b'), call('b', 'a')]
    const fits = createMemory(inputOf(documentOf(loop), {}, { maxStepExecutions: 6 }), { http: () => http(25) })
    await fits.run()
    expect(fits.incidents).toMatchObject([{ message: 'Transaction Stopped' }])
    const over = createMemory(inputOf(documentOf([trigger('a'), call('a', 'b'), call('b', 'c'), call('c')])), { http: () => http(25) })
    expect(await over.run()).toBe('Errored')
    expect(over.incidents).toMatchObject([{ stepId: 'c', message: 'Response data not in expected format' }])
  })

  it('that is none of ours passes on: the workflow task is tried again', async () => {
    const memory = createMemory(inputOf(documentOf([trigger('bad'), call('bad')])), { http: () => Promise.reject(new TypeError('a bug')) })
    await expect(memory.run()).rejects.toThrow('a bug')
  })

  it('is one where a request has no URL', async () => {
    const memory = createMemory(inputOf(documentOf([trigger('a'), { id: 'a', type: 'request', method: 'GET', url: '{{order.body.url}}' }])))
    expect(await memory.run()).toBe('Errored')
    expect(memory.incidents[0]?.message).toBe('Failed to build the request')
  })
})

describe('a stop', () => {
  it('ends calls and delays where they are, and the transaction is Stopped (cycles.md 7)', async () => {
    const memory = createMemory(
      inputOf(documentOf([trigger(['slow', 'pause']), call('slow', 'after'), { id: 'pause', type: 'delay', for: '1h', next: 'after' }, call('after')])),
      {
        httpTakes: () => 10_000,
      },
    )
    memory.at(100, memory.stop)
    expect(await memory.run()).toBe('Stopped')
    expect(memory.of('http').map(({ step }) => step)).toEqual(['slow'])
    expect(memory.incidents).toEqual([])
    expect(memory.answer(TX)).toEqual({ kind: 'failed' })
    expect([...memory.life().state.records.values()].map(({ status }) => status)).toEqual(['Completed', 'Stopped', 'Stopped'])
  })

  it('before it began runs nothing', async () => {
    const memory = createMemory(inputOf(documentOf([trigger('a'), call('a')])), { begin: () => 'stop' })
    expect(await memory.run()).toBe('Stopped')
    expect(memory.calls.map(({ call: name }) => name)).toEqual(['begin', 'end'])
    expect(memory.answer(TX)).toEqual({ kind: 'failed' })
  })
})
