import { expect, test } from 'vitest'
import { asAccountId, asTransactionId, type TransactionId } from '../../domain/ids.ts'
import { createWindow } from '../../worker/dispatcher-window.ts'

const id = (n: number): TransactionId => asTransactionId(`t${n}`)

/** A window that is full, by a clock of the test's own (ms). */
function full() {
  let now = 0
  const window = createWindow(() => now)
  for (let n = 0; n < 32; n++) window.add(id(n))
  return { window, pass: (ms: number) => void (now += ms) }
}

test('while several accounts have turns there is room for hardly more than begin at once; again for many when one is alone', () => {
  let now = 0
  const window = createWindow(() => now)
  const [busy, quiet] = [asAccountId('busy'), asAccountId('quiet')]
  window.turnOf(busy)
  expect(window.room()).toBe(32)
  window.turnOf(quiet)
  expect(window.room()).toBe(1)
  now += 9_999
  window.turnOf(quiet)
  expect(window.room()).toBe(1)
  now += 1
  window.turnOf(quiet)
  expect(window.room()).toBe(32)
})

test('there is no room while as many as are allowed have not begun, and some as soon as one begins', async () => {
  const { window, pass } = full()
  expect(window.room()).toBe(0)
  const waiting = window.waitForRoom(new AbortController().signal)
  pass(20)
  window.began(id(3))
  await waiting
  expect(window.room()).toBe(1)
})

test('it grows smaller while starts take long to begin, and larger again when they are quick', () => {
  const { window, pass } = full()
  pass(3_000)
  for (let n = 0; n < 32; n++) window.began(id(n))
  expect(window.room()).toBe(4)
  for (let n = 0; n < 28; n++) {
    window.add(id(n))
    pass(20)
    window.began(id(n))
  }
  expect(window.room()).toBe(32)
})

test('one that will not begin leaves room and says nothing about the pace', () => {
  const { window, pass } = full()
  pass(10_000)
  window.leave(id(0))
  expect(window.room()).toBe(1)
})

test('one that nothing was heard of for five seconds is forgotten', () => {
  const { window, pass } = full()
  pass(4_999)
  expect(window.room()).toBe(0)
  pass(1)
  expect(window.room()).toBe(32)
})
