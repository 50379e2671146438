import { expect, test } from 'vitest'
import { batchesOf, inBatches } from '../../domain/batches.ts'

test.each([
  [0, []],
  [2, [[0, 1]]],
  [3, [[0, 1, 2]]],
  [7, [[0, 1, 2], [3, 4, 5], [6]]],
])('a list of %i comes in pieces, in its order', (count, pieces) => {
  expect([...batchesOf([...Array(count).keys()], 3)]).toEqual(pieces)
})

test('a batch begins when the one before it has ended, and the answers stand in the order of the list', async () => {
  let running = 0
  let most = 0
  const work = async (n: number): Promise<number> => {
    most = Math.max(most, ++running)
    for (let turns = 0; turns < 4 - (n % 4); turns++) await Promise.resolve()
    running--
    return n * 10
  }
  expect(await inBatches([...Array(7).keys()], 3, work)).toEqual([0, 10, 20, 30, 40, 50, 60])
  expect(most).toBe(3)
})
