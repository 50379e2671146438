import { describe, expect, it } from 'vitest'
import { isEnded, isRefusal, needsSubscriptionId, planSubscriptions, type Subscription, type SubscriptionState } from '../../domain/subscription.ts'

const wanted = (stepId: string, fingerprint: string) => ({ terms: { stepId, fingerprint } })
const held = (id: string, stepId: string, fingerprint: string, state: SubscriptionState = 'made'): Subscription => ({
  id,
  state,
  at: 0,
  terms: {
    stepId,
    fingerprint,
    url: 'http://hooks.example',
    connectorId: 'c',
    connector: 'Shop',
    method: 'newOrder',
    settings: {},
    baseUrl: 'http://shop.example',
    authentication: { type: 'none' },
  },
})

describe('what a cycle does about its subscriptions (connectors.md 4)', () => {
  it('a step without one is subscribed, one that has it is not', () => {
    const plan = planSubscriptions([wanted('a', '1'), wanted('b', '1')], [held('x', 'a', '1')])
    expect(plan).toEqual({ keep: ['x'], make: [{ wanted: wanted('b', '1') }], end: [] })
  })

  it('a step that asks for something else now is unsubscribed and subscribed anew', () => {
    expect(planSubscriptions([wanted('a', '2')], [held('x', 'a', '1')])).toEqual({ keep: [], make: [{ wanted: wanted('a', '2') }], end: ['x'] })
  })

  it('a step that is gone is unsubscribed', () => {
    expect(planSubscriptions([], [held('x', 'a', '1'), held('y', 'a', '1', 'asked')])).toEqual({ keep: [], make: [], end: ['x', 'y'] })
  })

  it('what was asked for and never answered is asked for again with its own id', () => {
    expect(planSubscriptions([wanted('a', '1')], [held('x', 'a', '1', 'asked')])).toEqual({ keep: [], make: [{ wanted: wanted('a', '1'), id: 'x' }], end: [] })
  })

  it('one that ends is not wanted back', () => {
    expect(planSubscriptions([wanted('a', '1')], [held('x', 'a', '1', 'ending')])).toEqual({ keep: [], make: [{ wanted: wanted('a', '1') }], end: [] })
  })

  it('of two for one step one stays', () => {
    const plan = planSubscriptions([wanted('a', '1')], [held('x', 'a', '1', 'asked'), held('y', 'a', '1')])
    expect(plan).toEqual({ keep: ['y'], make: [], end: ['x'] })
  })
})

describe('answers of applications', () => {
  it.each([200, 204, 404, 410])('%i ends a subscription', status => expect(isEnded(status)).toBe(true))
  it.each([302, 400, 401, 403, 429, 500, 503])('%i does not', status => expect(isEnded(status)).toBe(false))
  it.each([400, 401, 403, 404, 422])('%i leaves no doubt that nothing was made', status => expect(isRefusal(status)).toBe(true))
  it.each([200, 302, 408, 409, 425, 429, 500, 503])('%i does', status => expect(isRefusal(status)).toBe(false))

  it('an end may not need the id of the subscription', () => {
    expect(needsSubscriptionId({ method: 'DELETE', path: '/hooks/{{ subscription.id }}' })).toBe(true)
    expect(needsSubscriptionId({ method: 'POST', path: '/off', body: { url: '{{webhook.url}}' } })).toBe(false)
  })
})
