/** One QuickJS sandbox of one thread: runs one piece of work after another, each in a fresh context (webhooks.md 8). */
import { createRequire } from 'node:module'
import { newQuickJSWASMModuleFromVariant, newVariant } from 'quickjs-emscripten-core'
import type { QuickJSSyncVariant } from 'quickjs-emscripten-core'
import { createHost } from './host.ts'
import type { Outcome, Work } from './jobs.ts'
import { putBack, sandboxMemory, takeSnapshot } from './memory.ts'
import type { Snapshot } from './memory.ts'
import { perform } from './perform.ts'
import { enterSandbox, Thrown } from './sandbox.ts'
import { ScriptError } from './scripting.ts'

// The package's types describe its CommonJS form, so that is the one to load.
const { default: variant }: { default: QuickJSSyncVariant } = createRequire(import.meta.url)('@jitl/quickjs-wasmfile-release-sync')

export interface EngineOptions {
  readonly timeoutMs: number
  readonly memoryBytes: number
}

export interface Engine {
  run(work: Work): Outcome
  /** The sandbox broke (its own stack overflowed, or a trap): make another one. */
  readonly broken: boolean
}

/** QuickJS counts its stack in bytes of the sandbox's memory; the thread's own stack must hold the frames behind them. */
const STACK_BYTES = 512 * 1024
/** The time to look at what a script left behind, in ms. */
const RENEWED_MS = 100
/** Promise callbacks run in turns of this many, with a look at the clock between them. */
const JOBS_PER_TURN = 1_000

const NEEDS_LIBRARIES = /crypto-?js|moment/i

/** Boots QuickJS with the preloaded functions and keeps its memory, without the libraries and with them. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { memory, isFull } = sandboxMemory(options.memoryBytes)
  const sized = newVariant(variant, { wasmMemory: memory, log: () => undefined })
  const quickjs = await newQuickJSWASMModuleFromVariant(sized)
  const heap = (): Uint8Array => new Uint8Array(memory.buffer)

  const runtime = quickjs.newRuntime()
  runtime.setMaxStackSize(STACK_BYTES)
  const context = runtime.newContext()
  let broken = false
  let cutOff = false
  let deadline = Infinity
  // Set before the memory is kept: that there is a handler stands in the memory too.
  runtime.setInterruptHandler(() => {
    if (performance.now() > deadline) cutOff = true
    return cutOff
  })

  const host = createHost()
  const sandbox = enterSandbox(context, host.ask)
  const bare = takeSnapshot(heap())
  let whole: Snapshot | undefined
  const withLibraries = (): Snapshot => {
    if (whole === undefined) {
      putBack(bare, heap())
      sandbox.loadLibraries()
      whole = takeSnapshot(heap())
    }
    return whole
  }

  const run = (work: Work): Outcome => {
    // Before the libraries are made: a call that was cut off must not cut them off too.
    cutOff = false
    putBack(NEEDS_LIBRARIES.test(work.source) ? withLibraries() : bare, heap())
    deadline = performance.now() + options.timeoutMs
    try {
      return { ok: true, value: perform(sandbox, work, { drain, renew }), log: host.takeLog() }
    } catch (error) {
      return { ok: false, ...explain(error), log: host.takeLog() }
    } finally {
      deadline = Infinity
    }
  }
  const drain = (): void => {
    while (runtime.hasPendingJob()) {
      const done = runtime.executePendingJobs(JOBS_PER_TURN)
      if (done.error) throw new Thrown(done.error)
      if (performance.now() > deadline) cutOff = true
      if (cutOff) throw new ScriptError('timeout', '')
    }
  }
  const renew = (): void => {
    cutOff = false
    deadline = performance.now() + RENEWED_MS
  }
  const explain = (error: unknown): { reason: ScriptError['reason']; message: string } => {
    const timeout = { reason: 'timeout', message: `The script was cut off after ${options.timeoutMs / 1000} s.` } as const
    if (cutOff) return timeout
    if (error instanceof ScriptError) return { reason: error.reason, message: error.message }
    if (!(error instanceof Thrown)) {
      broken = true
      return { reason: 'memory', message: RECURSION }
    }
    const full = isFull()
    const { kind, message } = sandbox.describe(error.handle)
    if (cutOff) return timeout
    // Where there is no room left even for the error, QuickJS throws null. The memory never shrinks: that it is full tells nothing alone.
    if (kind === 'InternalError: out of memory' || (full && (kind === 'unknown' || sandbox.isNull(error.handle)))) {
      return { reason: 'memory', message: `The script was cut off: it used more than ${Math.round(options.memoryBytes / 1024 / 1024)} MiB.` }
    }
    if (kind === 'InternalError: stack overflow') return { reason: 'memory', message: RECURSION }
    return error.stage === 'expressing' ? { reason: 'result', message: `The script's result is no JSON: ${message}` } : { reason: 'threw', message }
  }
  return {
    run,
    get broken() {
      return broken
    },
  }
}
const RECURSION = 'The script was cut off: it calls itself too deeply.'
