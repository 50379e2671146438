import { describe, expect, it } from 'vitest'
import { createBell } from '../../../api/webhooks/bell.ts'

const never = new AbortController().signal
const settled = async (promise: Promise<void>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<false>(resolve => setImmediate(resolve, false))])

describe('a bell', () => {
  it('wakes all who wait', async () => {
    const bell = createBell()
    const waiting = Promise.all([bell.heard(never), bell.heard(never)])
    bell.ring()
    await waiting
    expect(await settled(bell.heard(never))).toBe(false)
  })

  it('that nobody heard is heard by the next, once', async () => {
    const bell = createBell()
    bell.ring()
    bell.ring()
    expect(await settled(bell.heard(never))).toBe(true)
    expect(await settled(bell.heard(never))).toBe(false)
  })

  it('is waited for no longer than asked, and not by what has ended', async () => {
    const bell = createBell()
    await bell.heard(never, 1)
    const ending = new AbortController()
    const waiting = bell.heard(ending.signal)
    ending.abort()
    await waiting
    await bell.heard(ending.signal)
  })
})
