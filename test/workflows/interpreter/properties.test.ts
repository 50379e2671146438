import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CycleDocument, Step } from '../../../domain/document.ts'
import { StepError } from '../../../domain/errors.ts'
import { listOf } from '../../../domain/graph.ts'
import { createMemory, documentOf, inputOf, type World } from './memory.ts'

const LIMIT = 200

interface Shape {
  readonly kind: 'request' | 'decision' | 'delay' | 'synchronousResponse' | 'webhook' | 'script'
  readonly next: readonly number[]
  readonly other: readonly number[]
  readonly takes: number
}

const shape = fc.record<Shape>({
  kind: fc.constantFrom('request', 'request', 'decision', 'delay', 'synchronousResponse', 'webhook', 'script'),
  next: fc.array(fc.nat(20), { maxLength: 3 }),
  other: fc.array(fc.nat(20), { maxLength: 2 }),
  takes: fc.integer({ min: 0, max: 50 }),
})

/** A document of any shape: `forward` allows no loops. */
function build(shapes: readonly Shape[], forward: boolean): CycleDocument {
  const id = (i: number): string => `s${i}`
  const targets = (from: number, to: readonly number[]): string[] => {
    const room = forward ? shapes.length - from : shapes.length
    return room <= 0 ? [] : [...new Set(to.map(n => id(forward ? from + 1 + (n % room) : 1 + (n % room))))]
  }
  const steps = shapes.map((made, index): Step => {
    const i = index + 1
    const next = targets(i, made.next)
    const base = { id: id(i), next }
    switch (made.kind) {
      case 'request':
        return { ...base, type: 'request', method: 'POST', url: `http://test/${id(i)}` }
      case 'decision':
        return { id: id(i), type: 'decision', left: '{{start.body.n}}', condition: 'greaterThan', right: made.takes, true: next, false: targets(i, made.other) }
      case 'delay':
        return { ...base, type: 'delay', for: `${made.takes}ms` }
      case 'synchronousResponse':
        return { ...base, type: 'synchronousResponse', body: id(i) }
      case 'script':
        return { ...base, type: 'script', source: 'function run() {}' }
      case 'webhook':
        return { ...base, type: 'webhook', match: { request: 'body.id', transaction: 'start.body.n' } }
    }
  })
  return documentOf([{ id: 'start', type: 'webhook', next: shapes.length === 0 ? [] : [id(1)] }, ...steps])
}

const takesOf = (shapes: readonly Shape[]) => (step: string) => shapes[Number(step.slice(1)) - 1]?.takes ?? 0

async function runOf(shapes: readonly Shape[], forward: boolean, n: number, world: World = {}) {
  const memory = createMemory(inputOf(build(shapes, forward), { n }, { maxStepExecutions: LIMIT, retentionMs: 3600_000 }), {
    httpTakes: takesOf(shapes),
    ...world,
  })
  return { memory, status: await memory.run() }
}

const executions = (memory: Awaited<ReturnType<typeof runOf>>['memory']) =>
  Object.fromEntries([...memory.life().state.records].map(([id, record]) => [id, record.attempts]).sort())

const shapes = fc.array(shape, { maxLength: 8 })

describe('any graph', () => {
  it('comes to an end, within the executions that are allowed, and ends once', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 0, max: 50 }), async (made, n) => {
        const { memory, status } = await runOf(made, false, n)
        expect(memory.of('end')).toHaveLength(1)
        expect(memory.life().state.executions).toBeLessThanOrEqual(LIMIT + made.length + 20)
        if (status === 'Errored')
          expect(memory.incidents.filter(({ level }) => level === 'Error').map(({ message }) => message)).toEqual(['Transaction Stopped'])
        else expect(memory.incidents.every(({ level }) => level === 'Warning')).toBe(true)
        expect(memory.answer(memory.life().input.transaction)).toBeDefined()
      }),
      { numRuns: 100 },
    )
  })

  it('without loops runs each step once for each path that leads to it', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 0, max: 50 }), async (made, n) => {
        const document = build(made, true)
        const { memory, status } = await runOf(made, true, n)
        fc.pre(status === 'Completed')
        const arrivals = new Map<string, number>([['start', 1]])
        for (const step of document.steps) {
          const count = arrivals.get(step.id) ?? 0
          if (step.type === 'webhook' && step.id !== 'start') continue
          const exits = step.type === 'decision' ? (n > Number(step.right) ? step.true : step.false) : listOf(step.type === 'switch' ? step.default : step.next)
          for (const next of exits ?? []) arrivals.set(next, (arrivals.get(next) ?? 0) + count)
        }
        expect(executions(memory)).toEqual(Object.fromEntries([...arrivals].filter(([, count]) => count > 0).sort()))
      }),
      { numRuns: 150 },
    )
  })

  it('goes on in new histories just as it would have in one', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 0, max: 50 }), fc.integer({ min: 2, max: 9 }), async (made, n, suspendEvery) => {
        const whole = await runOf(made, true, n)
        const parts = await runOf(made, true, n, { suspendEvery })
        expect(parts.status).toBe(whole.status)
        expect(executions(parts.memory)).toEqual(executions(whole.memory))
        expect(parts.memory.of('end').map(({ consumed, status }) => [consumed, status])).toEqual(
          whole.memory.of('end').map(({ consumed, status }) => [consumed, status]),
        )
        expect(parts.memory.incidents.length).toBe(whole.memory.incidents.length)
        // The incident log takes each number once: it must never come again.
        expect(parts.memory.incidents.map(({ seq }) => seq)).toEqual(parts.memory.incidents.map((_, at) => at + 1))
      }),
      { numRuns: 100 },
    )
  })

  it('stopped at any moment ends as Stopped or had come to its end, and nothing runs after it', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 200 }), async (made, n, at) => {
        const memory = createMemory(inputOf(build(made, false), { n }, { maxStepExecutions: LIMIT, retentionMs: 3600_000 }), { httpTakes: takesOf(made) })
        let calls = Infinity
        memory.at(at, () => {
          memory.stop()
          calls = memory.of('http').length
        })
        const status = await memory.run()
        if (status === 'Stopped') expect(memory.of('http')).toHaveLength(calls)
        else expect(calls === Infinity || status === 'Errored').toBe(true)
        expect(memory.of('end')).toHaveLength(1)
      }),
      { numRuns: 100 },
    )
  })
})

describe('any failures', () => {
  /** Calls that fail, by their place among all calls. */
  const fails = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 8 })
  const hour = 3_600_000
  const succeeded = (memory: Awaited<ReturnType<typeof runOf>>['memory'], failed: ReadonlySet<number>) =>
    memory
      .of('http')
      .flatMap(({ step }, at) => (failed.has(at) ? [] : [step]))
      .sort()
  function failing(at: readonly number[]): { readonly world: World; readonly failed: ReadonlySet<number> } {
    const failed = new Set(at)
    let calls = 0
    return {
      failed,
      world: {
        httpTakes: () => 0,
        http: () => {
          if (failed.has(calls++)) throw new StepError('callFailed', 'no')
          return { status: 200, headers: {}, body: null }
        },
      },
    }
  }

  it('that operators mend by a retry, and that the rule retries, come to the same calls as without them', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        fc.integer({ min: 0, max: 50 }),
        fails,
        fc.boolean(),
        fc.option(fc.integer({ min: 2, max: 9 }), { nil: undefined }),
        async (made, n, at, byRule, suspendEvery) => {
          const whole = await runOf(made, true, n, { httpTakes: () => 0 })
          fc.pre(whole.status === 'Completed' && whole.memory.of('http').length <= LIMIT / 4)
          const { world, failed } = failing(at)
          const document = { ...build(made, true), settings: byRule ? ({ onStepError: 'retry', maxRetries: 5, retryDelays: ['1s'] } as const) : {} }
          const limits = { maxStepExecutions: LIMIT, retentionMs: 100 * hour }
          const memory = createMemory(inputOf(document, { n }, limits), { ...world, ...(suspendEvery === undefined ? {} : { suspendEvery }) })
          for (let i = 1; i <= at.length; i++) memory.at(i * hour, () => memory.order('retry'))
          expect(await memory.run()).toBe('Completed')
          expect(succeeded(memory, failed)).toEqual(
            whole.memory
              .of('http')
              .map(({ step }) => step)
              .sort(),
          )
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('any deliveries', () => {
  it('are run once each, in order, one at a time, across new histories too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ at: fc.integer({ min: 0, max: 2_000 }), lane: fc.constantFrom('v', 'w'), repeat: fc.boolean() }), { maxLength: 12 }),
        fc.option(fc.integer({ min: 2, max: 7 }), { nil: undefined }),
        async (plan, suspendEvery) => {
          const lane = (id: string, next: string): Step => ({ id, type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' }, next })
          const document = documentOf([
            { id: 'order', type: 'webhook', next: ['v', 'slow'] },
            { id: 'slow', type: 'delay', for: '500ms', next: 'w' },
            lane('v', 'call'),
            lane('w', 'call'),
            { id: 'call', type: 'request', method: 'POST', url: 'http://test' },
          ])
          const memory = createMemory(inputOf(document, { id: 1 }), { httpTakes: () => 100, ...(suspendEvery === undefined ? {} : { suspendEvery }) })
          const sorted = plan.map((entry, index) => ({ ...entry, index })).sort((a, b) => a.at - b.at || a.index - b.index)
          sorted.forEach(({ at, lane: step, repeat }, i) => {
            memory.at(at, () => {
              memory.deliver(step, {}, i + 1)
              if (repeat) memory.deliver(step, {}, i + 1)
            })
          })
          expect(await memory.run()).toBe('Completed')
          const resumed = memory.of('resume')
          expect(resumed.map(({ delivery }) => delivery).sort((a, b) => a - b)).toEqual(sorted.map((_, i) => i + 1))
          for (const step of ['v', 'w']) {
            const ids = resumed.filter(entry => entry.step === step).map(({ delivery }) => delivery)
            expect(ids).toEqual([...ids].sort((a, b) => a - b))
          }
          expect(memory.of('http')).toHaveLength(plan.length)
        },
      ),
      { numRuns: 100 },
    )
  })
})
