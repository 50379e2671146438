import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CycleDocument, Step } from '../../domain/document.ts'
import { isSynchronous, midCycleSteps, nextOf, reach, stepById, successors, triggerOf, upstreamOf } from '../../domain/graph.ts'

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
  it('a decision leaves by true or by false, all others by next', () => {
    const decision = choose('d', ['a', 'b'], 'c')
    expect(nextOf(decision, true)).toEqual(['a', 'b'])
    expect(nextOf(decision, false)).toEqual(['c'])
    expect(nextOf(choose('d'), false)).toEqual([])
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
})
