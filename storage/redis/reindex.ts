import type { Redis } from 'ioredis'
import type { ReindexRequests, ReindexWork } from '../reindex.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { call, replies, script } from './registry-call.ts'

/** How long a worker looks after it (ms). */
const KEPT = 15_000

/** KEYS keeper · ARGV worker, ms · Answers 1 where that worker has it now. */
const keep = script(`
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`)

/*
 * Fields of the hash: requests (how many were made), answering and answered (how many of them the present and the last whole run took up), and what the
 * present or last run has done.
 */
export function createReindex(redis: Redis): ReindexRequests & ReindexWork {
  const set = (fields: { readonly [name: string]: string | number }) => call(() => redis.hset(keys.reindex, fields))
  const read = async (): Promise<ReadonlyMap<string, string>> => new Map(Object.entries(await call(() => redis.hgetall(keys.reindex))))
  const number = (fields: ReadonlyMap<string, string>, name: string): number => Number(fields.get(name) ?? 0)
  const open = (fields: ReadonlyMap<string, string>): boolean => number(fields, 'requests') > number(fields, 'answered')

  return {
    async request() {
      await call(() => redis.hincrby(keys.reindex, 'requests', 1))
    },
    async progress() {
      const fields = await read()
      const [startedAt, endedAt] = [number(fields, 'startedAt'), number(fields, 'endedAt')]
      const running = startedAt > 0 && endedAt === 0
      const problem = fields.get('problem') ?? ''
      return {
        state: running ? 'running' : open(fields) ? 'requested' : startedAt > 0 ? 'done' : 'none',
        startedAt: startedAt === 0 ? undefined : startedAt,
        endedAt: endedAt === 0 ? undefined : endedAt,
        cycles: number(fields, 'cycles'),
        cyclesDone: number(fields, 'cyclesDone'),
        waiting: number(fields, 'waiting'),
        running: number(fields, 'running'),
        // What is looked for beside a run of it is tried again, and leaves nothing undone.
        problem: problem === '' || !(running || open(fields)) ? undefined : problem,
      }
    },
    keep: async worker => (await keep(redis, [keys.reindexKeeper], [worker, KEPT])) === 1,
    requested: async () => open(await read()),
    async begin(cycles, all) {
      const answering = all ? number(await read(), 'requests') : 0
      await set({ startedAt: Date.now(), endedAt: 0, cycles, cyclesDone: 0, waiting: 0, running: 0, problem: '', answering })
    },
    async add(counts) {
      const pipeline = redis.pipeline()
      for (const [name, count] of Object.entries(counts)) pipeline.hincrby(keys.reindex, name, count)
      replies(await call(() => pipeline.exec()))
    },
    async failed(problem) {
      await set({ problem })
    },
    async end() {
      const fields = await read()
      await set({ endedAt: Date.now(), problem: '', answered: Math.max(number(fields, 'answered'), number(fields, 'answering')) })
    },
  }
}
