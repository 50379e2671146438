import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createInbox } from '../../storage/redis/inbox.ts'
import type { Inbox } from '../../storage/inbox.ts'
import { registryKeys } from '../../storage/registry-keys.ts'
import { enabled } from '../model/actions.ts'
import { act, settle } from '../model/check.ts'
import { createWorld, options, Violation, type Scenario } from '../model/world.ts'
import { freshRedis } from '../support/redis.ts'

/** How many walks: a campaign sets more. */
const WALKS = Number(process.env['FLYWHEEL_TEST_WALKS'] ?? 25)

let redis: Redis
const inboxes: { close(): Promise<void> }[] = []
let inbox: Inbox
let now: () => number = () => 0

beforeAll(async () => {
  redis = (await freshRedis()).client.duplicate({ enableAutoPipelining: true })
  const made = createInbox({ redis, options, clock: () => now() })
  inboxes.push(made)
  inbox = made
})
afterAll(async () => {
  for (const made of inboxes) await made.close()
  redis.disconnect()
})

/** Uniform: doubles would be uniform in their bits, and nearly always choose the first action. */
const choices = fc.noBias(fc.integer({ min: 0, max: 999_999 })).map(n => n / 1_000_000)
const few = (max: number) => fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max }) })
const rarely = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) })
const webhooks: fc.Arbitrary<Omit<Scenario, 'scheduled' | 'once' | 'first'>> = fc.record({
  max: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 4, arbitrary: fc.constant(1) }, { weight: 2, arbitrary: fc.constant(2) }),
  accountMax: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: fc.constantFrom(1, 2) }),
  senders: fc
    .tuple(
      fc.constantFrom('trigger' as const, 'trigger' as const, 'sync' as const),
      fc.array(
        fc.record({ kind: fc.constantFrom('trigger' as const, 'sync' as const, 'mid' as const, 'mid' as const), value: fc.constantFrom('a', 'a', 'b', 'c') }),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
    )
    .map(([first, rest]) => [
      { kind: first, value: 'a' as const },
      ...rest.map(({ kind, value }) => ({ kind, value: kind !== 'mid' && value === 'c' ? ('b' as const) : (value as 'a' | 'b' | 'c') })),
    ]),
  budget: fc.record({
    user: fc.integer({ min: 0, max: 5 }),
    edits: few(2),
    deletes: rarely,
    crashes: few(2),
    errors: few(2),
    lost: few(2),
    late: few(2),
    retires: few(1),
    terminations: rarely,
    mends: few(3),
    splits: few(2),
    stops: rarely,
    refusals: rarely,
    downs: few(1),
    limits: rarely,
    neighbours: few(3),
    retries: fc.integer({ min: 1, max: 3 }),
    ticks: fc.constantFrom(6, 22),
  }),
})
/** Of some cycles the trigger is a schedule: it is no sender that begins their transactions, but time. */
const scenarios: fc.Arbitrary<Scenario> = fc
  .tuple(
    webhooks,
    fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    fc.boolean(),
    fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  )
  .map(([scenario, scheduled, once, first]) => ({
    ...scenario,
    scheduled,
    once: scheduled && once,
    first,
    senders: scenario.senders.map(sender => (scheduled && sender.kind !== 'mid' ? { ...sender, kind: 'due' as const } : sender)),
  }))

test(
  'every interleaving keeps the invariants I1 to I10 of the protocol',
  async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, fc.array(choices, { minLength: 30, maxLength: 200 }), async (scenario, chosen) => {
        await redis.flushdb()
        const world = createWorld(
          redis,
          clock => {
            now = clock
            return inbox
          },
          scenario,
        )
        try {
          await inbox.create(world.place, world.version, { scheduled: scenario.scheduled, once: scenario.first })
          await inbox.activate(world.place)
          await inbox.create(world.neighbour, 1)
          await inbox.activate(world.neighbour)
          await redis.hset(registryKeys.account(world.place.account), 'apiId', 'acme')
          await inbox.limitAccount(world.place.account, scenario.accountMax)
          for (const choice of chosen) {
            const actions = enabled(world)
            let left = choice * actions.reduce((sum, action) => sum + action.weight, 0)
            const action = actions.find(a => (left -= a.weight) <= 0) ?? actions[0]
            if (action !== undefined) await act(world, action)
          }
          await settle(world)
        } catch (error) {
          if (!(error instanceof Violation)) throw error
          expect.fail(`${error.message}\n${world.trace.join(' | ')}`)
        }
      }),
      { numRuns: WALKS, endOnFailure: process.env['FLYWHEEL_TEST_SHRINK'] === undefined },
    )
  },
  30_000 + WALKS * 2_000,
)
