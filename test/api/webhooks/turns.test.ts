import { expect, test } from 'vitest'
import { createTurns } from '../../../api/webhooks/turns.ts'

const never = new AbortController().signal

/** Takes turns in order; answers what each got, as far as it has come. */
function taking(width: number, count: number) {
  const turns = createTurns(() => width)
  const got: { readonly n: number; readonly end: () => void }[] = []
  for (let n = 0; n < count; n++) void turns.take(never).then(end => end !== undefined && got.push({ n, end }))
  return { turns, got }
}

test('only so many have their turn at once, the others follow in order', async () => {
  const { got } = taking(2, 5)
  await Promise.resolve()
  expect(got.map(({ n }) => n)).toEqual([0, 1])
  got[1]?.end()
  await Promise.resolve()
  expect(got.map(({ n }) => n)).toEqual([0, 1, 2])
  got[0]?.end()
  got[2]?.end()
  await Promise.resolve()
  expect(got.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4])
})

test('groups have their turns one after the other, and what a group sent stays in order', async () => {
  const turns = createTurns(() => 1)
  const end = await turns.take(never)
  const got: string[] = []
  for (const each of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'])
    void turns.take(never, each.slice(0, 1)).then(endTurn => {
      got.push(each)
      endTurn?.()
    })
  end?.()
  await new Promise(setImmediate)
  expect(got).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  expect(await turns.take(never)).toBeDefined()
})

test('a turn that is ended twice is given to one', async () => {
  const { got } = taking(1, 3)
  await Promise.resolve()
  got[0]?.end()
  got[0]?.end()
  await Promise.resolve()
  expect(got.map(({ n }) => n)).toEqual([0, 1])
})

test('who gives up gets no turn and takes none from another', async () => {
  const { turns, got } = taking(1, 1)
  const giveUp = new AbortController()
  const second = turns.take(giveUp.signal)
  const third = turns.take(never)
  giveUp.abort()
  expect(await second).toBeUndefined()
  got[0]?.end()
  expect(await third).toBeDefined()
  expect(await turns.take(giveUp.signal)).toBeUndefined()
})

test('a turn that has come is kept where its taker would have given up later', async () => {
  const turns = createTurns(() => 1)
  const giveUp = new AbortController()
  const end = await turns.take(giveUp.signal)
  giveUp.abort()
  const next = turns.take(never)
  end?.()
  expect(await next).toBeDefined()
})

test('more or fewer may have their turn when the width changes', async () => {
  let width = 1
  const turns = createTurns(() => width)
  const ends: (() => void)[] = []
  for (let n = 0; n < 6; n++) void turns.take(never).then(end => end !== undefined && ends.push(end))
  await Promise.resolve()
  expect(ends).toHaveLength(1)
  width = 3
  ends.shift()?.()
  await Promise.resolve()
  expect(ends).toHaveLength(3)
  width = 1
  ends.shift()?.()
  ends.shift()?.()
  await Promise.resolve()
  expect(ends).toHaveLength(1)
  ends.shift()?.()
  await Promise.resolve()
  expect(ends).toHaveLength(1)
})
