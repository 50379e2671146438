/** The inside of one sandbox, seen from its thread: source is evaluated in it, and the functions of the prelude are called. */
import type { QuickJSContext, QuickJSHandle } from 'quickjs-emscripten-core'
import { preludeSource } from './prelude.ts'
import { ScriptError } from './scripting.ts'

/** The sandbox threw. `stage`: where a script's own throw would mean something else. */
export class Thrown extends Error {
  override readonly name = 'Thrown'
  readonly handle: QuickJSHandle
  readonly stage: 'running' | 'expressing'
  constructor(handle: QuickJSHandle, stage: 'running' | 'expressing' = 'running') {
    super('thrown in the sandbox')
    this.handle = handle
    this.stage = stage
  }
}

export interface Sandbox {
  /** Evaluates at the top level. Throws `Thrown`. */
  evaluate(code: string): QuickJSHandle
  /** Parses only. Throws `Thrown`. */
  parse(code: string): void
  setGlobals(json: string): void
  invoke(fn: QuickJSHandle, args: string): QuickJSHandle
  /** What stands behind a name at the top level of the script; undefined: nothing. */
  lookUp(name: string): QuickJSHandle | undefined
  /** The script declares the name, set or not. Asked once only: asking declares it. */
  declares(name: string): boolean
  isFunction(handle: QuickJSHandle): boolean
  /** The value of a settled promise; any other value as it is. */
  settled(handle: QuickJSHandle): QuickJSHandle
  /** JSON text; undefined: the value is undefined. Throws `Thrown` with the stage `expressing`. */
  express(handle: QuickJSHandle): string | undefined
  read(names: readonly string[]): string
  loadLibraries(): void
  isNull(handle: QuickJSHandle): boolean
  /** Name and message of what was thrown, for tests of the kind (`unknown`: they cannot be had; empty: it is no error); its own words; and with line and column. */
  describe(thrown: QuickJSHandle): { readonly kind: string; readonly message: string; readonly where: string }
}

const BRIDGES = ['setGlobals', 'invoke', 'express', 'read', 'load', 'describe', 'where', 'kindOf'] as const
type Bridge = (typeof BRIDGES)[number]

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/
/** Characters of JSON that a script may hand out: as many as an answer has bytes (operations.md 4). */
const MAX_RESULT = 10 * 1024 * 1024

/** Runs the prelude in a fresh context. `ask` is the only function of the host that the sandbox can call. */
export function enterSandbox(context: QuickJSContext, ask: (name: string, args: string) => string): Sandbox {
  const host = context.newFunction('host', (name, args) => context.newString(ask(context.getString(name), context.getString(args))))
  const made = context.unwrapResult(context.callFunction(context.unwrapResult(context.evalCode(preludeSource, 'prelude')), context.undefined, host))
  const bridges = new Map<Bridge, QuickJSHandle>(BRIDGES.map(name => [name, context.getProp(made, name)]))

  const call = (name: Bridge, ...args: QuickJSHandle[]): QuickJSHandle => {
    const result = context.callFunction(bridges.get(name) ?? context.undefined, context.undefined, ...args)
    if (result.error) throw new Thrown(result.error, name === 'express' || name === 'read' ? 'expressing' : 'running')
    return result.value
  }
  const evaluate = (code: string, compileOnly: boolean): QuickJSHandle => {
    const result = context.evalCode(code, 'script', { type: 'global', strict: false, compileOnly })
    if (result.error) throw new Thrown(result.error)
    return result.value
  }
  const jsonText = (handle: QuickJSHandle): string => {
    const text = context.getString(handle)
    if (text.length > MAX_RESULT) throw new ScriptError('result', `The script's result is over ${MAX_RESULT / 1024 / 1024} MiB as JSON.`)
    if (text === '') throw new ScriptError('memory', 'The script left no memory for its result.')
    return text
  }
  const words = (name: 'describe' | 'where' | 'kindOf', thrown: QuickJSHandle): string => {
    try {
      return context.getString(call(name, thrown)).slice(0, 2_000)
    } catch {
      return name === 'kindOf' ? 'unknown' : 'The script threw something that cannot be shown.'
    }
  }
  return {
    evaluate: code => evaluate(code, false),
    parse: code => void evaluate(code, true),
    setGlobals: json => void call('setGlobals', context.newString(json)),
    invoke: (fn, args) => call('invoke', fn, context.newString(args)),
    lookUp(name) {
      if (!IDENTIFIER.test(name)) return undefined
      const handle = evaluate(`typeof ${name} === 'undefined' ? undefined : ${name}`, false)
      return context.typeof(handle) === 'undefined' ? undefined : handle
    },
    declares(name) {
      if (!IDENTIFIER.test(name)) return false
      try {
        evaluate(`let ${name}`, false)
        return false
      } catch {
        return true
      }
    },
    isFunction: handle => context.typeof(handle) === 'function',
    settled(handle) {
      if (context.typeof(handle) !== 'object') return handle
      const state = context.getPromiseState(handle)
      if (state.type === 'pending') throw new ScriptError('result', 'The script returned a promise that never settles.')
      if (state.type === 'rejected') throw new Thrown(state.error)
      return state.value
    },
    express(handle) {
      if (context.typeof(handle) === 'undefined') return undefined
      return jsonText(call('express', handle))
    },
    read: names => jsonText(call('read', context.newString(JSON.stringify(names)))),
    loadLibraries: () => void call('load'),
    isNull: handle => context.sameValue(handle, context.null),
    describe: thrown => ({ kind: words('kindOf', thrown), message: words('describe', thrown), where: words('where', thrown) }),
  }
}
