import { describe, expect, it } from 'vitest'
import type { Step } from '../../../domain/document.ts'
import { createState, freeze, settle } from '../../../workflows/interpreter/state.ts'
import { detailsOf, stateOf } from '../../../workflows/interpreter/view.ts'
import { createMemory, documentOf, inputOf, START, TX } from './memory.ts'

const steps: Step[] = [
  { id: 'order', name: 'Order received', type: 'webhook', next: ['w', 'slow'] },
  { id: 'w', name: 'Order *despatched*', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' }, next: 'bad' },
  { id: 'slow', type: 'delay', for: '1h' },
  { id: 'bad', type: 'synchronousResponse', status: 1 },
]

describe('what operators see', () => {
  it('is where it stands, what it waits for, and the last incident', async () => {
    const memory = createMemory(inputOf(documentOf(steps), { id: 'a`b' }))
    const seen: string[] = []
    memory.at(1_000, () => {
      memory.deliver('w')
      seen.push(detailsOf(memory.life(), undefined))
    })
    memory.at(3_700_000, () => seen.push('over'))
    await memory.run()
    expect(seen[0]).toBe("**InProgress**, at **slow**\n- waits for **Order \\*despatched\\*** with `body.id` = `a'b`\n- 1 request to run")
    expect(detailsOf(memory.life(), 'Errored')).toMatch(/^\*\*Errored\*\*\n- last incident: Error Failed to build the webhook response at \*\*bad\*\*: /)
  })

  it('holds each step with its latest data', async () => {
    const memory = createMemory(inputOf(documentOf(steps), { id: 1 }))
    memory.at(1_000, () => memory.deliver('w', { id: 1 }))
    await memory.run()
    expect(stateOf(memory.life(), 'Errored')).toMatchObject({
      status: 'Errored',
      steps: [
        { stepId: 'order', stepName: 'Order received', status: 'Completed', startedAt: START, attempts: 1, data: { body: { id: 1 } } },
        { stepId: 'w', status: 'Completed', attempts: 2, data: { body: { id: 1 } } },
        { stepId: 'slow', status: 'Completed', endedAt: START + 3600_000 },
        { stepId: 'bad', status: 'Errored' },
      ],
      incidents: [{ level: 'Error', stepId: 'bad' }],
      responses: { [TX]: { kind: 'none' }, 'request-1': { kind: 'failed' } },
    })
  })

  it('leaves out data that one answer cannot hold, that of the earliest steps first, and says so', async () => {
    const call = (id: string, next?: string): Step => ({ id, type: 'request', method: 'GET', url: 'http://test', ...(next === undefined ? {} : { next }) })
    const memory = createMemory(inputOf(documentOf([{ id: 'order', type: 'webhook', next: 'a' }, call('a', 'b'), call('b')])), {
      http: () => ({ status: 200, headers: {}, body: 'x'.repeat(1_000_000) }),
    })
    await memory.run()
    expect(stateOf(memory.life(), undefined).steps.map(({ data, large }) => [data !== undefined, large])).toEqual([
      [true, undefined],
      [false, true],
      [true, undefined],
    ])
  })
})

describe('the state', () => {
  it('goes through its frozen form unchanged, without the trigger whose data the input holds', async () => {
    const memory = createMemory(inputOf(documentOf(steps), { id: 1 }))
    memory.at(1_000, () => memory.deliver('w', { id: 1 }))
    await memory.run()
    const frozen = freeze(memory.life().state, 'order', { status: 'Waiting', waitingFor: ['w:hash'] })
    expect(frozen.data).not.toHaveProperty('order')
    expect(freeze(createState(JSON.parse(JSON.stringify(frozen))), 'order', frozen.shown)).toEqual(frozen)
  })

  it('keeps the newest answers whole, and the first of each request', () => {
    const state = createState(undefined)
    const body = 'x'.repeat(2_500_000)
    for (const request of ['a', 'b', 'c']) settle(state, request, { kind: 'response', status: 200, headers: {}, body })
    settle(state, 'c', { kind: 'failed' })
    expect([...state.responses].map(([request, { kind }]) => [request, kind])).toEqual([
      ['a', 'none'],
      ['b', 'none'],
      ['c', 'response'],
    ])
  })
})
