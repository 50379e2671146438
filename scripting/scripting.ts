/** The sandbox for customers' JavaScript (webhooks.md 8): no I/O, 64 MiB, a time limit, a fresh context for each call, in threads of its own. */
import type { Json, JsonObject } from '../domain/json.ts'

/** A script threw, did not parse, was cut off, or returned what cannot be written as JSON. `message` is the script's own, without host details. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError'
  readonly reason: 'threw' | 'syntax' | 'timeout' | 'memory' | 'result'
  constructor(reason: ScriptError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

export interface ScriptLog {
  (line: string): void
}

export interface Scripting {
  /** Parses without running; undefined when it is fine, else the message with line and column. */
  check(source: string, kind: 'script' | 'expression'): Promise<string | undefined>
  /** Which of `names` the script defines as functions at its top level. Memoised by source. */
  defines(source: string, names: readonly string[]): Promise<ReadonlySet<string>>
  /**
   * Runs `source`, with `globals` set before, then calls `fn(...args)`. Answers its result (undefined: nothing returned) and the values
   * that the globals named in `read` have afterwards.
   */
  call(
    source: string,
    fn: string,
    args: readonly Json[],
    options?: { readonly globals?: JsonObject; readonly read?: readonly string[]; readonly log?: ScriptLog },
  ): Promise<{ readonly result: Json | undefined; readonly globals: JsonObject }>
  /** One JavaScript expression; `values` are its merge fields' values, as variables of those names. */
  evaluate(expression: string, values: JsonObject, log?: ScriptLog): Promise<Json | undefined>
  close(): Promise<void>
}

export interface ScriptingOptions {
  readonly timeoutMs: number
  readonly memoryBytes: number
  /** Threads; default 1 fewer than the cores, at least 1, at most 4. */
  readonly threads?: number
}
