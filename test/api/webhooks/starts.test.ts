import { expect, test } from 'vitest'
import { createStarts, type StartTurn } from '../../../api/webhooks/starts.ts'
import { asAccountId, asTransactionId, type TransactionId } from '../../../domain/ids.ts'

const account = asAccountId('a')
const never = new AbortController().signal
const id = (n: number): TransactionId => asTransactionId(`t${n}`)

/** The bound alone, with the inbox's news that a transaction began. */
function bound(width: number) {
  let begun: (transaction: TransactionId) => void = () => undefined
  const heardBy: string[] = []
  const took: number[] = []
  const onBegun = (startedBy: string, listener: (transaction: TransactionId) => void): (() => void) => {
    heardBy.push(startedBy)
    begun = listener
    return () => undefined
  }
  const starts = createStarts({ onBegun }, 'api-1', { size: width, began: ms => took.push(ms) })
  return { starts, heardBy, took, begun: (transaction: TransactionId) => begun(transaction) }
}

test('a start waits while as many as are allowed have not begun, in order of acceptance', async () => {
  const { starts, heardBy, begun } = bound(2)
  const got: TransactionId[] = []
  for (let n = 0; n < 4; n++) void starts.take(account, id(n), never).then(turn => turn !== undefined && got.push(id(n)))
  await new Promise(setImmediate)
  expect(got).toEqual([id(0), id(1)])
  begun(id(1))
  await new Promise(setImmediate)
  expect(got).toEqual([id(0), id(1), id(2)])
  expect(heardBy).toEqual([starts.startedBy])
})

test('its turn is over when it begins, and the pace is told how long that took; news of others end no turn', async () => {
  const { starts, begun, took } = bound(1)
  const turn = await starts.take(account, id(0), never)
  begun(id(7))
  expect(turn?.over).toBe(false)
  begun(id(0))
  expect(turn?.over).toBe(true)
  expect(took).toHaveLength(1)
  expect(took[0]).toBeLessThan(1_000)
})

test('a turn that is ended by its taker is not ended again by the news', async () => {
  const { starts, begun } = bound(1)
  const first = await starts.take(account, id(0), never)
  const second = starts.take(account, id(1), never)
  let third: StartTurn | undefined
  void starts.take(account, id(2), never).then(turn => (third = turn))
  first?.end()
  expect((await second)?.over).toBe(false)
  begun(id(0))
  await new Promise(setImmediate)
  expect(third).toBeUndefined()
})

test('a repeat beside the first one has a turn of its own; both are over when the transaction begins', async () => {
  const { starts, begun } = bound(2)
  const turns = await Promise.all([starts.take(account, id(0), never), starts.take(account, id(0), never)])
  begun(id(0))
  expect(turns.map(turn => turn?.over)).toEqual([true, true])
})

test('an account with many starts does not hold up one of another', async () => {
  const { starts, begun } = bound(1)
  await starts.take(account, id(0), never)
  const got: TransactionId[] = []
  for (let n = 1; n < 4; n++) void starts.take(account, id(n), never).then(turn => turn !== undefined && got.push(id(n)))
  void starts.take(asAccountId('b'), id(9), never).then(turn => turn !== undefined && got.push(id(9)))
  for (const each of [id(0), id(1)]) {
    begun(each)
    await new Promise(setImmediate)
  }
  expect(got).toEqual([id(1), id(9)])
})
