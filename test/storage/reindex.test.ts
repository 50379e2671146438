import { afterEach, beforeEach, expect, test } from 'vitest'
import { createReindex } from '../../storage/redis/reindex.ts'
import { freshRedis } from '../support/redis.ts'

let redis: Awaited<ReturnType<typeof freshRedis>>
beforeEach(async () => {
  redis = await freshRedis()
})
afterEach(() => redis.client.quit())

test('why a run does not get on is told until it has ended, and what fails beside a run never is', async () => {
  const work = createReindex(redis.client)
  await work.failed('before any run')
  expect(await work.progress()).toMatchObject({ state: 'none', problem: undefined })
  await work.request()
  await work.failed('Temporal is away')
  expect(await work.progress()).toMatchObject({ state: 'requested', problem: 'Temporal is away' })
  await work.begin(3, true)
  expect(await work.progress()).toMatchObject({ state: 'running', cycles: 3, problem: undefined })
  await work.failed('Temporal is away again')
  expect(await work.progress()).toMatchObject({ state: 'running', problem: 'Temporal is away again' })
  await work.end()
  await work.failed('a stray could not be asked')
  expect(await work.progress()).toMatchObject({ state: 'done', problem: undefined })
})
