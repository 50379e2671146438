import { expect, test } from 'vitest'
import { createPace, HELD, QUEUED } from '../../platform/pace.ts'

/** Where it comes to rest for a server that begins one each `eachMs`: a start takes as long as those before it need, and never less than `leastMs`. */
function settled(aim: typeof HELD, eachMs: number, leastMs = 0): number {
  const pace = createPace(aim)
  for (let n = 0; n < 2_000; n++) pace.began(Math.max(leastMs, pace.size * eachMs))
  return pace.size
}

test('for held senders as many starts are under way as begin within half a second, at least 4 and at most 32', () => {
  expect(createPace(HELD).size).toBe(32)
  expect(settled(HELD, 10)).toBe(32)
  expect(Math.abs(settled(HELD, 25) - 20)).toBeLessThanOrEqual(1)
  expect(Math.abs(settled(HELD, 50) - 10)).toBeLessThanOrEqual(1)
  expect(settled(HELD, 1_000)).toBe(4)
})

test('for what is queued a start waits for hardly another one', () => {
  expect(settled(QUEUED, 30)).toBeLessThanOrEqual(3)
  expect(settled(QUEUED, 1_000)).toBeLessThanOrEqual(3)
})

test('a server far away is kept busy: its distance is not taken for a queue', () => {
  expect(settled(QUEUED, 1, 200)).toBe(32)
  expect(settled(QUEUED, 20, 200)).toBeGreaterThanOrEqual(10)
})

test('it opens again when the server is quick again', () => {
  for (const aim of [HELD, QUEUED]) {
    const pace = createPace(aim)
    pace.began(5)
    for (let n = 0; n < 100; n++) pace.began(60_000)
    expect(pace.size).toBe(aim.least)
    for (let n = 0; n < 32; n++) pace.began(10)
    expect(pace.size).toBe(32)
  }
})

test('a server that is slow for long is taken as it is', () => {
  const pace = createPace(QUEUED)
  pace.began(5)
  for (let n = 0; n < 2_000; n++) pace.began(80)
  expect(pace.size).toBe(32)
})
