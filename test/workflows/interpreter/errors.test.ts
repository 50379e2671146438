import { describe, expect, it } from 'vitest'
import type { HttpResult } from '../../../activities/contract.ts'
import type { Settings, Step } from '../../../domain/document.ts'
import { StepError, type ErrorAnswer } from '../../../domain/errors.ts'
import { createMemory, documentOf, inputOf, START, TX, type World } from './memory.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const trigger = (next: string | string[]): Step => ({ id: 'order', type: 'webhook', next })
const call = (id: string, next?: string | string[], more: object = {}): Step => ({
  id,
  type: 'request',
  method: 'POST',
  url: 'http://test/',
  ...(next !== undefined && { next }),
  ...more,
})
const refused = (answer: ErrorAnswer = { status: 500 }): StepError => new StepError('callFailed', 'answered 500', answer)

/** A call of `step` that answers what `answers` says, one after the other; then 200. */
function answering(step: string, ...answers: readonly (StepError | 'ok')[]): World {
  const left = [...answers]
  return {
    http: (_request, id): HttpResult => {
      const next = id === step ? left.shift() : undefined
      if (next instanceof StepError) throw next
      return { status: 200, headers: {}, body: { from: id } }
    },
  }
}

function memoryOf(steps: readonly Step[], world: World, settings: Settings = {}) {
  return createMemory(inputOf(documentOf(steps, { settings })), world)
}
const told = ({ incidents }: ReturnType<typeof createMemory>): string[] => incidents.map(({ level, message }) => `${level} ${message}`)
const times = (memory: ReturnType<typeof createMemory>, step: string): number[] =>
  memory
    .of('http')
    .filter(each => each.step === step)
    .map(({ at }) => at / MINUTE)

describe('stopTransaction, the default (cycles.md 5)', () => {
  it('an incident, the sender is told, and the transaction stands failed until its retention is over', async () => {
    const memory = memoryOf([trigger('a'), call('a', 'b'), call('b')], answering('a', refused()))
    memory.at(30 * DAY, () => expect(memory.life().state.status).toBe('Errored'))
    expect(await memory.run()).toBe('Errored')
    expect(told(memory)).toEqual(['Error Failed to call the method'])
    expect(memory.answer(TX)).toEqual({ kind: 'failed' })
    expect(memory.of('http')).toHaveLength(1)
    expect(memory.of('fail')).toEqual([{ call: 'fail', consumed: {}, retentionMs: 31 * DAY, asked: 1 }])
    expect(memory.of('end')).toEqual([{ call: 'end', consumed: {}, status: 'Errored', retentionMs: 0 }])
    expect(memory.life().context.now()).toBe(START + 31 * DAY)
  })
  it('with a retention of nothing it closes at once, and is hidden', async () => {
    const memory = memoryOf([trigger('a'), call('a')], answering('a', refused()), { retention: { errored: '0s' } })
    expect(await memory.run()).toBe('Errored')
    expect(memory.of('fail')).toEqual([])
    expect(memory.of('end')).toMatchObject([{ status: 'Errored', retentionMs: 0 }])
    expect(memory.life().context.now()).toBe(START)
  })
  it("one branch's error ends the whole run", async () => {
    const memory = memoryOf([trigger(['a', 'b']), call('a'), call('b', 'c'), call('c')], {
      ...answering('a', refused()),
      httpTakes: step => (step === 'b' ? 1_000 : 0),
    })
    expect(await memory.run()).toBe('Errored')
    expect(memory.of('http').map(({ step }) => step)).toEqual(['a', 'b'])
    expect(memory.life().state.records.get('b')?.status).toBe('Stopped')
  })
  it('more than the most steps closes at once: no operator can mend it', async () => {
    const memory = createMemory(inputOf(documentOf([trigger('a'), call('a', 'a')]), {}, { maxStepExecutions: 20 }))
    expect(await memory.run()).toBe('Errored')
    expect(told(memory)).toEqual(['Error Transaction Stopped'])
    expect(memory.of('fail')).toEqual([])
  })
})

describe('ignore (cycles.md 5)', () => {
  it('an incident, the error is the step data, and the path goes on', async () => {
    const steps = [trigger('a'), call('a', 'b', { onError: 'ignore' }), call('b', undefined, { body: '{{a}}' })]
    const memory = memoryOf(steps, answering('a', refused({ status: 404, body: { no: 'such' } })))
    expect(await memory.run()).toBe('Completed')
    expect(told(memory)).toEqual(['Error Failed to call the method'])
    expect(memory.of('http')[1]?.request.body).toEqual({ error: { message: 'Failed to call the method', status: 404, body: { no: 'such' } } })
    expect(memory.life().state.records.get('a')?.status).toBe('Errored')
  })
  it('without an answer there is neither status nor body', async () => {
    const memory = memoryOf([trigger('a'), call('a')], answering('a', refused({})), { onStepError: 'ignore' })
    await memory.run()
    expect(memory.life().state.data.get('a')).toEqual({ error: { message: 'Failed to call the method' } })
  })
  it('holds for steps of every type by the settings', async () => {
    const steps: Step[] = [trigger('s'), { id: 's', type: 'script', source: '', next: 'b' }, call('b')]
    const memory = memoryOf(
      steps,
      {
        script: () => {
          throw new StepError('callFailed', 'the script threw')
        },
      },
      { onStepError: 'ignore' },
    )
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('http')).toHaveLength(1)
  })
})

describe('retry (cycles.md 5)', () => {
  const steps = [trigger('a'), call('a', 'b'), call('b')]
  const failures = (n: number) => Array.from({ length: n }, () => refused())

  it('waits 5 min, 35 min, 1 h 35 min, 4 h 35 min, 10 h 35 min, each from the previous try; then Out of retries', async () => {
    const memory = memoryOf(steps, answering('a', ...failures(6)), { onStepError: 'retry' })
    expect(await memory.run()).toBe('Errored')
    expect(times(memory, 'a')).toEqual([0, 5, 40, 135, 410, 1045])
    expect(told(memory)).toEqual([...Array.from({ length: 5 }, () => 'Warning Failed to call the method'), 'Error Out of retries'])
    expect(memory.incidents.at(-1)?.detail).toBe('Failed to call the method: answered 500')
    expect(memory.incidents[0]?.detail).toBe('answered 500\nRetry 1 of 5: the next try is at 2026-01-01T00:05:00.000Z')
    expect(memory.of('fail')).toHaveLength(1)
  })
  it('a try that succeeds goes on, and every try is one execution', async () => {
    const memory = memoryOf(steps, answering('a', ...failures(2)), { onStepError: 'retry' })
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('http').map(({ step, execution, failed }) => [step, execution, failed])).toEqual([
      ['a', 1, 0],
      ['a', 1, 1],
      ['a', 1, 2],
      ['b', 1, 0],
    ])
    expect(memory.life().state.records.get('a')).toMatchObject({ status: 'Completed', attempts: 1, retries: 2 })
  })
  it('maxRetries and retryDelays override, of the step before the settings; the last delay stands for those left out', async () => {
    const own = memoryOf([trigger('a'), call('a', undefined, { onError: 'retry', maxRetries: 3, retryDelays: ['1m', '2m'] })], answering('a', ...failures(9)), {
      onStepError: 'ignore',
      maxRetries: 1,
    })
    await own.run()
    expect(times(own, 'a')).toEqual([0, 1, 3, 5])
    const settings = memoryOf(steps, answering('a', ...failures(9)), { onStepError: 'retry', maxRetries: 1, retryDelays: ['7m'] })
    await settings.run()
    expect(times(settings, 'a')).toEqual([0, 7])
  })
  it('goes on after new histories where it stood', async () => {
    const memory = memoryOf(steps, { ...answering('a', ...failures(5)), suspendEvery: 1 }, { onStepError: 'retry' })
    expect(await memory.run()).toBe('Completed')
    expect(times(memory, 'a')).toEqual([0, 5, 40, 135, 410, 1045])
    expect(memory.incidents).toHaveLength(5)
  })
  it('a stop ends the pause', async () => {
    const memory = memoryOf(steps, answering('a', ...failures(9)), { onStepError: 'retry' })
    memory.at(10 * MINUTE, memory.stop)
    expect(await memory.run()).toBe('Stopped')
    expect(memory.life().context.now()).toBe(START + 10 * MINUTE)
    expect(memory.life().state.records.get('a')?.status).toBe('Stopped')
  })
  it('an operator ends the pause: retry, skip, fail', async () => {
    for (const [kind, status, called] of [
      ['retry', 'Completed', ['a', 'a', 'b']],
      ['skip', 'Completed', ['a', 'b']],
      ['fail', 'Errored', ['a']],
    ] as const) {
      const memory = memoryOf(steps, answering('a', ...failures(1)), { onStepError: 'retry', retention: { errored: '0s' } })
      memory.at(MINUTE, () => memory.order(kind, 'a'))
      expect(await memory.run()).toBe(status)
      expect(memory.of('http').map(({ step }) => step)).toEqual(called)
      expect(memory.life().context.now()).toBe(START + MINUTE)
    }
  })
})

describe('429 and 503 (cycles.md 5)', () => {
  const steps = [trigger('a'), call('a', 'b'), call('b')]
  const throttled = (afterMs?: number) => refused({ status: 429, throttled: afterMs === undefined ? {} : { afterMs } })

  it('wait 60 s, then 1, 3, 7, 15, 30 more minutes, each a warning; then it is an error', async () => {
    const memory = memoryOf(steps, answering('a', ...Array.from({ length: 7 }, () => throttled())))
    expect(await memory.run()).toBe('Errored')
    expect(times(memory, 'a')).toEqual([0, 1, 2, 5, 12, 27, 57])
    expect(told(memory)).toEqual([...Array.from({ length: 6 }, () => 'Warning Failed to call the method'), 'Error Failed to call the method'])
  })
  it('wait as Retry-After tells, as often as it does, at least a second', async () => {
    const memory = memoryOf(steps, answering('a', ...Array.from({ length: 20 }, () => throttled(2 * MINUTE)), throttled(0)))
    expect(await memory.run()).toBe('Completed')
    expect(times(memory, 'a').slice(0, 4)).toEqual([0, 2, 4, 6])
    expect(memory.life().context.now()).toBe(START + 40 * MINUTE + 1_000)
    expect(memory.of('http').every(({ step, execution }) => step !== 'a' || execution === 1)).toBe(true)
  })
  it('count beside the retries of the rule', async () => {
    const memory = memoryOf(steps, answering('a', refused(), throttled(MINUTE), refused(), refused()), { onStepError: 'retry', maxRetries: 2 })
    expect(await memory.run()).toBe('Errored')
    expect(times(memory, 'a')).toEqual([0, 5, 6, 41])
  })
  it('beyond the end of the transaction nothing is waited for', async () => {
    const memory = memoryOf(steps, answering('a', throttled(40 * DAY)))
    expect(await memory.run()).toBe('Errored')
    expect(times(memory, 'a')).toEqual([0])
  })
})

describe('stopCycle (cycles.md 5)', () => {
  it('the transaction fails, and the cycle stops', async () => {
    const memory = memoryOf([trigger('a'), call('a', undefined, { onError: 'stopCycle' })], answering('a', refused()))
    expect(await memory.run()).toBe('Errored')
    expect(memory.calls.map(({ call: kind }) => kind)).toEqual(['begin', 'http', 'fail', 'stopCycle', 'end'])
    expect(told(memory)).toEqual(['Error Failed to call the method'])
  })
})

describe('an operator mends a transaction that stands failed (cycles.md 5, operations.md 5)', () => {
  const steps = [trigger(['a', 'slow']), call('a', 'b'), call('b'), { id: 'slow', type: 'delay', for: '1h', next: 'c' } as const, call('c')]

  it('retry: the step runs again as a new execution, and the other paths go on where they were cut off', async () => {
    const memory = memoryOf(steps, answering('a', refused()))
    memory.at(10 * MINUTE, () => memory.order('retry'))
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('http').map(({ step, execution, at }) => [step, execution, at / MINUTE])).toEqual([
      ['a', 1, 0],
      ['a', 2, 10],
      ['b', 1, 10],
      ['c', 1, 60],
    ])
    expect(memory.calls.map(({ call: kind }) => kind).filter(kind => kind !== 'http')).toEqual(['begin', 'fail', 'revive', 'end'])
    expect(memory.answer(TX)).toEqual({ kind: 'failed' })
  })
  it('skip: the path goes on behind it, without its data', async () => {
    const memory = memoryOf(steps, answering('a', refused()))
    memory.at(2 * 60 * MINUTE, () => memory.order('skip', { StepId: 'a' }))
    expect(await memory.run()).toBe('Completed')
    expect(
      memory
        .of('http')
        .map(({ step }) => step)
        .sort(),
    ).toEqual(['a', 'b', 'c'])
    expect(memory.life().state.records.get('a')?.status).toBe('Skipped')
    expect(memory.life().state.data.has('a')).toBe(false)
  })
  it('fail: it closes at once', async () => {
    const memory = memoryOf(steps, answering('a', refused()))
    memory.at(DAY, () => memory.order('fail', 'a'))
    expect(await memory.run()).toBe('Errored')
    expect(memory.life().context.now()).toBe(START + DAY)
    expect(memory.of('end')).toMatchObject([{ status: 'Errored', retentionMs: 30 * DAY }])
  })
  it('again and again, across new histories', async () => {
    const memory = memoryOf(steps, { ...answering('a', refused(), refused(), refused()), suspendEvery: 2 })
    for (const minute of [1, 2, 3]) memory.at(minute * MINUTE, () => memory.order('retry'))
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('fail')).toHaveLength(3)
    expect(memory.of('http').map(({ step }) => step)).toEqual(['a', 'a', 'a', 'a', 'b', 'c'])
  })
  it('a signal for a step that does not wait changes nothing, and the details say so', async () => {
    const memory = memoryOf(steps, answering('a', refused()))
    memory.at(MINUTE, () => {
      memory.order('retry', 'b')
      expect(memory.life().ignored).toBe('retry of "b": it neither failed nor waits for its next try')
      // What cannot be read is not taken for nothing: the wrong step could be meant.
      for (const about of [7, true, ['a'], { step: 'a' }, { stepId: ['a'] }]) {
        memory.order('skip', about)
        expect(memory.life().ignored).toBe('skip: its argument is neither the id of a step nor an object with `stepId`')
      }
      memory.order('fail')
    })
    expect(await memory.run()).toBe('Errored')
    expect(memory.of('revive')).toEqual([])
  })
  it('waits for a free place, and stays where the cycle is not Active', async () => {
    const answers: ('busy' | 'refused' | 'go')[] = ['refused', 'busy', 'busy', 'go']
    const memory = memoryOf([trigger('a'), call('a')], { ...answering('a', refused()), revive: () => answers.shift() ?? 'go' })
    memory.at(MINUTE, () => memory.order('retry'))
    memory.at(2 * MINUTE, () => {
      expect(memory.life().ignored).toBe('retry: the cycle is not Active; start it first')
      memory.order('retry')
    })
    expect(await memory.run()).toBe('Completed')
    expect(memory.life().context.now()).toBe(START + 2 * MINUTE + 3_000)
    // Questions about one order have one number.
    expect(memory.of('revive').map(({ asked }) => asked)).toEqual([2, 3, 3, 3])
  })
  it('drops requests that were matched once more, and takes those that come after', async () => {
    const mid: Step = { id: 'mid', type: 'webhook', match: { request: 'body.id', transaction: 'transaction.id' }, next: 'b' }
    const memory = memoryOf([trigger(['a', 'mid']), call('a'), mid, call('b')], { ...answering('a', refused()), httpTakes: () => MINUTE })
    memory.at(30_000, () => memory.deliver('mid', {}, 5))
    memory.at(2 * MINUTE, () => memory.deliver('mid', {}, 6))
    memory.at(3 * MINUTE, () => memory.order('retry'))
    memory.at(10 * MINUTE, () => memory.deliver('mid', {}, 9))
    memory.at(20 * MINUTE, memory.stop)
    await memory.run()
    expect(memory.of('resume').map(({ delivery }) => delivery)).toEqual([9])
  })
  it('a stop closes it as Errored', async () => {
    const memory = memoryOf(steps, answering('a', refused()))
    memory.at(MINUTE, memory.stop)
    expect(await memory.run()).toBe('Errored')
  })
})
