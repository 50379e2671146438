import { expect, test } from 'vitest'
import { createTurns } from '../../../api/webhooks/turns.ts'

function gate(): { readonly open: Promise<void>; release(): void } {
  let release = (): void => undefined
  const open = new Promise<void>(resolve => {
    release = resolve
  })
  return { open, release: () => release() }
}

test('only so many calls are under way at once, the others follow in order', async () => {
  const turns = createTurns(2)
  const gates = Array.from({ length: 5 }, gate)
  const began: number[] = []
  const calls = gates.map((each, n) =>
    turns(60_000, async () => {
      began.push(n)
      await each.open
      return n
    }),
  )
  await Promise.resolve()
  expect(began).toEqual([0, 1])
  gates[1]?.release()
  await calls[1]
  for (const each of gates) each.release()
  expect(await Promise.all(calls)).toEqual([0, 1, 2, 3, 4])
  expect(began).toEqual([0, 1, 2, 3, 4])
})

test('a call whose turn does not come in time is given up and never made, and takes no turn of another', async () => {
  const turns = createTurns(1)
  const first = gate()
  const holding = turns(60_000, () => first.open)
  let made = false
  await expect(
    turns(1, async () => {
      made = true
    }),
  ).rejects.toThrow('No turn')
  first.release()
  await holding
  expect(await turns(60_000, async left => left > 0)).toBe(true)
  expect(made).toBe(false)
})

test('a call that fails gives its turn back', async () => {
  const turns = createTurns(1)
  await expect(turns(60_000, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  expect(await turns(60_000, async () => 1)).toBe(1)
})
