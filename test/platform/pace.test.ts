import { expect, test } from 'vitest'
import { createPace, BUSY, PROMPT } from '../../platform/pace.ts'

/** Where it comes to rest for a server that begins one each `eachMs`: a start takes as long as those before it need, and never less than `leastMs`. */
function settled(aim: typeof BUSY, eachMs: number, leastMs = 0): number {
  const pace = createPace(aim)
  for (let n = 0; n < 2_000; n++) pace.began(Math.max(leastMs, pace.size * eachMs))
  return pace.size
}

test('busy: as many starts are under way as begin within half a second, at least 4 and at most 32', () => {
  expect(createPace(BUSY).size).toBe(32)
  expect(settled(BUSY, 10)).toBe(32)
  expect(Math.abs(settled(BUSY, 25) - 20)).toBeLessThanOrEqual(1)
  expect(Math.abs(settled(BUSY, 50) - 10)).toBeLessThanOrEqual(1)
  expect(settled(BUSY, 1_000)).toBe(4)
})

test('prompt: a start waits for hardly another one', () => {
  expect(settled(PROMPT, 30)).toBeLessThanOrEqual(3)
  expect(settled(PROMPT, 1_000)).toBeLessThanOrEqual(3)
})

test('a server far away is kept busy: its distance is not taken for a queue', () => {
  expect(settled(PROMPT, 1, 200)).toBe(32)
  expect(settled(PROMPT, 20, 200)).toBeGreaterThanOrEqual(10)
})

test('it opens again when the server is quick again', () => {
  for (const aim of [BUSY, PROMPT]) {
    const pace = createPace(aim)
    pace.began(5)
    for (let n = 0; n < 100; n++) pace.began(60_000)
    expect(pace.size).toBe(aim.least)
    for (let n = 0; n < 32; n++) pace.began(10)
    expect(pace.size).toBe(32)
  }
})

test('a server that is slow for long is taken as it is', () => {
  const pace = createPace(PROMPT)
  pace.began(5)
  for (let n = 0; n < 2_000; n++) pace.began(80)
  expect(pace.size).toBe(32)
})
