/** What goes to a sandbox thread and comes back. JSON travels as text: it is parsed inside the sandbox and by the caller only. */
import type { ScriptError } from './scripting.ts'

export type SourceKind = 'script' | 'expression'

export type Work =
  | { readonly kind: 'check'; readonly source: string; readonly as: SourceKind }
  | { readonly kind: 'defines'; readonly source: string; readonly names: readonly string[] }
  | {
      readonly kind: 'call'
      readonly source: string
      readonly fn: string
      /** JSON text of the list of arguments. */
      readonly args: string
      /** JSON text of an object. */
      readonly globals: string
      readonly read: readonly string[]
    }
  | { readonly kind: 'evaluate'; readonly source: string; readonly values: string }

/** `number` grows by one for each job of a thread, so that both sides can say which one they mean. */
export interface Job {
  readonly number: number
  readonly work: Work
}

export type Outcome =
  | { readonly ok: true; readonly value: WorkResult; readonly log: readonly string[] }
  | { readonly ok: false; readonly reason: ScriptError['reason']; readonly message: string; readonly log: readonly string[] }

export interface WorkResult {
  /** JSON text of the result; absent: nothing. For `check` the message itself. */
  readonly result?: string
  /** JSON text of the globals that were asked for. */
  readonly globals?: string
  /** For `defines`. */
  readonly names?: readonly string[]
}

export interface Done {
  readonly number: number
  readonly outcome: Outcome
}

/** Messages of a thread: first that its sandbox stands. */
export type FromThread = 'ready' | Done

/** What a thread is started with. */
export interface ThreadData {
  /** Two numbers that both sides see: see `progress`. */
  readonly shared: SharedArrayBuffer
  readonly timeoutMs: number
  readonly memoryBytes: number
}

/** Slots of the shared numbers. */
export const progress = {
  /** The number of the job that runs now; 0: none. Written by the thread. */
  running: 0,
  /** Jobs up to this number that have not begun are passed over: they were given to another thread. Written by the host. */
  skipTo: 1,
} as const
