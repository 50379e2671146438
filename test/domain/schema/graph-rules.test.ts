import { describe, expect, it } from 'vitest'
import { documentOf, problems } from './documents.ts'

const trigger = { id: 'order', type: 'webhook', next: 'a' }
const cycle = (...steps: unknown[]) => problems({ name: 'x', steps })
const delay = (id: string, next?: unknown) => ({ id, type: 'delay', for: '1s', ...(next !== undefined && { next }) })

describe('the graph of a document', () => {
  it('ids begin with a letter, are unique, and are no root of merge fields', () => {
    expect(problems(documentOf([delay('1a')]))).toEqual(['steps[1].id: A step id begins with a letter and goes on with letters, digits and _'])
    expect(cycle(trigger, delay('a'), delay('a'))).toEqual(['steps[2].id: The id "a" stands at steps[1] already: ids are unique'])
    for (const id of ['variables', 'webhooks', 'transaction', 'cycle', 'account']) {
      expect(problems(documentOf([delay(id)]))).toEqual([`steps[1].id: "${id}" is a name that merge fields use for something else: choose another id`])
    }
    expect(problems(documentOf([delay('constructor')]))).toEqual([])
  })
  it('the first step is a trigger, and nothing leads to it', () => {
    expect(cycle(delay('order', 'a'), delay('a'))).toEqual(['steps[0].type: The first step is the trigger and must be of type webhook or schedule, not delay'])
    expect(cycle(trigger, delay('a', ['order']))).toEqual(['steps[1].next[0]: Nothing may lead to the trigger "order": loop back to a later step'])
  })
  it('a next that points nowhere is an error, with a suggestion', () => {
    expect(cycle(trigger, delay('a', 'finsh'), delay('finish'))).toEqual(['steps[1].next: There is no step "finsh". Did you mean "finish"?'])
    expect(cycle(trigger, { id: 'a', type: 'decision', left: 1, condition: 'exists', true: ['zzzzzz'], false: 'a' })).toEqual([
      'steps[1].true[0]: There is no step "zzzzzz".',
    ])
    expect(cycle(trigger, delay('a', 5), 'x')).toEqual(['steps[1].next: Must be the id of a step, or a list of ids', 'steps[2]: Must be an object, not text'])
  })
  it('every step must be reachable', () => {
    expect(cycle(trigger, delay('a'), delay('b', 'c'), delay('c', 'b'))).toEqual([
      'steps[2]: The step "b" cannot be reached from the trigger "order": name it in the next of a step, or take it out',
      'steps[3]: The step "c" cannot be reached from the trigger "order": name it in the next of a step, or take it out',
    ])
  })
  it('loops to later steps are allowed', () => {
    expect(cycle(trigger, delay('a', 'b'), delay('b', ['a', 'b']))).toEqual([])
  })
  it('a decision leads on by true and false only', () => {
    const decision = { id: 'a', type: 'decision', left: 1, condition: 'exists', next: 'b' }
    expect(cycle(trigger, decision, delay('b'))).toEqual(['steps[1].next: A decision has no "next": it leads on by "true" and "false"'])
  })
  it('match is required on every webhook but the trigger, where it is not allowed', () => {
    expect(cycle(trigger, { id: 'a', type: 'webhook' })).toEqual([
      'steps[1].match: Is required on a webhook that is not the trigger: { request: body.orderId, transaction: order.body.id }',
    ])
    expect(cycle({ ...trigger, match: { request: 'body.id', transaction: 'order.body.id' } }, delay('a'))).toEqual([
      'steps[0].match: The trigger begins a transaction: match is for webhooks further down',
    ])
  })
  it('very many wrong targets are told in bounded time', () => {
    const next = Array.from({ length: 500 }, (_, i) => `wrong_target_number_${i}`)
    const steps = Array.from({ length: 20 }, (_, i) => delay(`a${i}`, next))
    expect(cycle({ ...trigger, next: 'a0' }, ...steps).length).toBe(501)
  })
})
