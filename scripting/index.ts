/** The sandbox for customers' JavaScript, as `scripting.ts` states it. */
import type { Json, JsonObject } from '../domain/json.ts'
import type { Outcome, Work, WorkResult } from './jobs.ts'
import { createPool } from './pool.ts'
import { ScriptError } from './scripting.ts'
import type { ScriptLog, Scripting, ScriptingOptions } from './scripting.ts'

export { ScriptError } from './scripting.ts'
export type { Scripting, ScriptingOptions, ScriptLog } from './scripting.ts'

/** Sources whose functions are remembered; the oldest are forgotten first. */
const MAX_REMEMBERED = 1_000

/** Threads are started with the first call that needs one, and end with `close`. They keep no process alive while they are idle. */
export function createScripting(options: ScriptingOptions): Scripting {
  const pool = createPool(options)
  const remembered = new Map<string, Promise<ReadonlySet<string>>>()

  const run = async (work: Work, log?: ScriptLog): Promise<WorkResult> => opened(await pool.run(work), log)
  const findNames = async (source: string, names: readonly string[]): Promise<ReadonlySet<string>> => {
    const { names: found = [] } = await run({ kind: 'defines', source, names })
    return new Set(found)
  }
  return {
    async check(source, kind) {
      const { result } = await run({ kind: 'check', source, as: kind })
      return result
    },
    defines(source, names) {
      const key = JSON.stringify([names, source])
      const known = remembered.get(key)
      if (known) return known
      const found = findNames(source, names)
      remembered.set(key, found)
      for (const oldest of remembered.keys()) {
        if (remembered.size <= MAX_REMEMBERED) break
        remembered.delete(oldest)
      }
      // A cut-off may be an accident of a busy moment: it is not remembered.
      found.catch(() => remembered.delete(key))
      return found
    },
    async call(source, fn, args, { globals = {}, read = [], log } = {}) {
      const done = await run({ kind: 'call', source, fn, args: JSON.stringify(args), globals: JSON.stringify(globals), read }, log)
      return { result: parsed(done.result), globals: done.globals === undefined ? {} : (JSON.parse(done.globals) satisfies JsonObject) }
    },
    async evaluate(expression, values, log) {
      const done = await run({ kind: 'evaluate', source: expression, values: JSON.stringify(values) }, log)
      return parsed(done.result)
    },
    close: () => pool.close(),
  }
}

function parsed(text: string | undefined): Json | undefined {
  return text === undefined ? undefined : JSON.parse(text)
}

function opened(outcome: Outcome, log: ScriptLog | undefined): WorkResult {
  if (log) for (const line of outcome.log) log(line)
  if (!outcome.ok) throw new ScriptError(outcome.reason, outcome.message)
  return outcome.value
}
