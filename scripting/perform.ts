/** What each kind of work does in a fresh sandbox. */
import type { Work, WorkResult } from './jobs.ts'
import type { Sandbox } from './sandbox.ts'
import { Thrown } from './sandbox.ts'
import { ScriptError } from './scripting.ts'

/** What the engine does for a piece of work. */
export interface Clockwork {
  /** Runs what promises have scheduled. */
  drain(): void
  /** Gives what follows a short time of its own, also after a cut-off. */
  renew(): void
}

/** Does one piece of work. Throws `Thrown` and `ScriptError`. */
export function perform(sandbox: Sandbox, work: Work, { drain, renew }: Clockwork): WorkResult {
  if (work.kind === 'check') {
    const message = problemOf(sandbox, work.source, work.as)
    return message === undefined ? {} : { result: message }
  }
  if (work.kind === 'defines') return { names: definedNames(sandbox, work.source, work.names, renew) }
  if (work.kind === 'evaluate') {
    sandbox.setGlobals(work.values)
    const value = evaluate(sandbox, `(${work.source}\n)`)
    drain()
    return withResult(sandbox.express(sandbox.settled(value)))
  }
  sandbox.setGlobals(work.globals)
  evaluate(sandbox, work.source)
  drain()
  const fn = sandbox.lookUp(work.fn)
  if (fn === undefined || !sandbox.isFunction(fn)) throw new ScriptError('threw', `The script has no function ${work.fn}.`)
  const value = sandbox.invoke(fn, work.args)
  drain()
  const result = withResult(sandbox.express(sandbox.settled(value)))
  return work.read.length === 0 ? result : { ...result, globals: sandbox.read(work.read) }
}

const withResult = (result: string | undefined): WorkResult => (result === undefined ? {} : { result })

/** A syntax error of the source itself is told apart from one that its code throws (`JSON.parse`). */
function evaluate(sandbox: Sandbox, source: string): ReturnType<Sandbox['evaluate']> {
  try {
    return sandbox.evaluate(source)
  } catch (error) {
    if (!(error instanceof Thrown) || !sandbox.describe(error.handle).kind.startsWith('SyntaxError')) throw error
    try {
      sandbox.parse(source)
    } catch (inner) {
      if (inner instanceof Thrown) throw new ScriptError('syntax', sandbox.describe(inner.handle).where)
    }
    throw error
  }
}

/**
 * An expression is parsed twice, in brackets of two kinds: text that only looks like one by closing the brackets around it fits into one kind only.
 */
function problemOf(sandbox: Sandbox, source: string, as: 'script' | 'expression'): string | undefined {
  const forms = as === 'script' ? [source] : [`(${source}\n)`, `[${source}\n]`]
  for (const form of forms) {
    try {
      sandbox.parse(form)
    } catch (error) {
      if (!(error instanceof Thrown)) throw error
      const { kind, where } = sandbox.describe(error.handle)
      if (!kind.startsWith('SyntaxError')) throw error
      return as === 'script' ? where : where.replace(/\(line 1, column (\d+)\)$/, (_, column: string) => `(line 1, column ${Math.max(1, Number(column) - 1)})`)
    }
  }
  return undefined
}

/**
 * Runs the source, then looks. Code at the top level that fails without the globals of a real call leaves its functions defined all the same (they are
 * hoisted); names that are declared and were not reached count as defined. Where none is found then, all names count: the call will say what is wrong.
 */
function definedNames(sandbox: Sandbox, source: string, names: readonly string[], renew: () => void): string[] {
  const failed = fails(() => evaluate(sandbox, source))
  renew()
  const found = names.filter(name => {
    let defined = false
    fails(() => {
      const value = sandbox.lookUp(name)
      defined = value === undefined ? failed && sandbox.declares(name) : sandbox.isFunction(value)
    })
    return defined
  })
  return failed && found.length === 0 ? [...names] : found
}

function fails(work: () => void): boolean {
  try {
    work()
    return false
  } catch (error) {
    if (error instanceof Thrown || error instanceof ScriptError) return true
    throw error
  }
}
