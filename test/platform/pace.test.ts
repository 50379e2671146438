import { expect, test } from 'vitest'
import { createPace } from '../../platform/pace.ts'

/** Where it comes to rest for a server that begins so many a second: each takes as long as those before it need. */
function settled(perSecond: number): number {
  const pace = createPace()
  for (let n = 0; n < 200; n++) pace.began((pace.size / perSecond) * 1_000)
  return pace.size
}

test('as many starts are under way as begin within half a second, at least 4 and at most 32', () => {
  expect(createPace().size).toBe(32)
  expect(settled(100)).toBe(32)
  expect(Math.abs(settled(40) - 20)).toBeLessThanOrEqual(1)
  expect(Math.abs(settled(20) - 10)).toBeLessThanOrEqual(1)
  expect(settled(1)).toBe(4)
})

test('it opens again when the server is quick again', () => {
  const pace = createPace()
  for (let n = 0; n < 100; n++) pace.began(60_000)
  expect(pace.size).toBe(4)
  for (let n = 0; n < 28; n++) pace.began(10)
  expect(pace.size).toBe(32)
})
