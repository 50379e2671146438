import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CycleDocument, Step } from '../../domain/document.ts'
import { exitsOf, isSynchronous, joinOf, midCycleSteps, nextOf, partOf, reach, stepById, successors, triggerOf, upstreamOf } from '../../domain/graph.ts'

const webhook = (id: string, ...next: string[]): Step => ({ id, type: 'webhook', next })
const delay = (id: string, next?: string): Step => ({ id, type: 'delay', for: '1s', ...(next !== undefined && { next }) })
const answer = (id: string, ...next: string[]): Step => ({ id, type: 'synchronousResponse', next })
const choose = (id: string, yes?: string | string[], no?: string): Step => ({
  id,
  type: 'decision',
  left: 1,
  condition: 'exists',
  ...(yes !== undefined && { true: yes }),
  ...(no !== undefined && { false: no }),
})
const cycle = (...steps: Step[]): CycleDocument => ({ name: 'x', steps })

describe('the graph', () => {
  it('a decision leaves by true or by false, a switch by its cases, all others by next', () => {
    expect(exitsOf(choose('d', ['a', 'b'], 'c'))).toEqual([['a', 'b'], 'c'])
    expect(exitsOf({ id: 's', type: 'switch', value: 1, cases: [{ equals: 1, next: 'a' }, { equals: 2 }], default: 'b' })).toEqual(['a', undefined, 'b'])
    expect(nextOf(choose('d', 'a'))).toEqual([])
    expect(nextOf(delay('a', 'b'))).toEqual(['b'])
    expect(nextOf(delay('a'))).toEqual([])
    expect(successors(choose('d', ['a', 'c'], 'c'))).toEqual(['a', 'c'])
    expect(successors(webhook('w', 'a', 'a'))).toEqual(['a'])
  })
  it('the first step is the trigger, the other webhooks are mid-cycle', () => {
    const doc = cycle(webhook('a', 'b'), delay('b', 'c'), webhook('c'))
    expect(triggerOf(doc).id).toBe('a')
    expect(midCycleSteps(doc).map(step => step.id)).toEqual(['c'])
    expect(stepById(doc, 'b')?.type).toBe('delay')
    expect(stepById(doc, 'x')).toBe(undefined)
    expect(() => triggerOf(cycle(delay('a')))).toThrow('trigger')
  })
  it('a webhook is synchronous where a response can be reached without passing another webhook', () => {
    const doc = cycle(webhook('a', 'b'), choose('b', 'w', 'c'), delay('c', 'b'), webhook('w', 'v'), webhook('v', 'r'), answer('r', 'v'))
    expect(isSynchronous(doc, 'a')).toBe(false)
    expect(isSynchronous(doc, 'w')).toBe(false)
    expect(isSynchronous(doc, 'v')).toBe(true)
    expect(isSynchronous(cycle(webhook('a', 'b', 'z'), answer('b')), 'a')).toBe(true)
  })
  it('upstream and reachable are each other’s opposite', () => {
    const edges = fc.array(fc.array(fc.nat({ max: 7 }), { maxLength: 3 }), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(edges, lists => {
        const ids = lists.map((_, i) => `s${i}`)
        const to = (id: string): string[] => (lists[Number(id.slice(1))] ?? []).map(i => `s${i}`)
        const above = upstreamOf(ids, to)
        for (const a of ids) for (const b of ids) expect(reach([a], to).has(b)).toBe(above(b).has(a))
      }),
    )
  })
  it('the items of a split come to what follows it up to the join, the whole transaction to the rest', () => {
    const split: Step = { id: 'a', type: 'webhook', split: 'body.items', next: ['b', 'm'] }
    const mid: Step = { id: 'm', type: 'webhook', match: { request: 'body.id', transaction: 'a.item.id' }, next: 'j' }
    const doc = cycle(split, delay('b', 'j'), mid, { id: 'j', type: 'waitAll', next: 'c' }, delay('c'))
    expect(joinOf(doc, 'a')).toBe('j')
    expect([...partOf(doc)].sort()).toEqual(['c', 'j'])
    expect([...partOf(doc, 'a')].sort()).toEqual(['b', 'm'])
    const open = cycle(split, delay('b'), { ...mid, next: 'b' })
    expect(joinOf(open, 'a')).toBe(undefined)
    expect([...partOf(open)]).toEqual([])
    expect([...partOf(open, 'a')].sort()).toEqual(['b', 'm'])
  })
  it('a split within a split has items of its own', () => {
    const doc = cycle(
      { id: 'a', type: 'webhook', split: 'body.orders', next: 'r' },
      { id: 'r', type: 'request', method: 'GET', url: 'http://x', split: 'body.lines', next: 'b' },
      delay('b', 'j'),
      { id: 'j', type: 'waitAll' },
    )
    expect([...partOf(doc)]).toEqual(['j'])
    expect([...partOf(doc, 'a')]).toEqual(['r'])
    expect([...partOf(doc, 'r')]).toEqual(['b'])
  })
})
