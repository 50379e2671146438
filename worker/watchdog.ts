/**
 * Loaded with `--import` before the worker: takes away two guards of the SDK that cost more than our workflows do. They run no customer's code.
 *
 * The SDK calls into the workflow context with a timeout, for each of which Node starts a thread:
 * 255 µs against 2. The worker sets the timeout to its maximum, and this takes that value as "none" (docs/decisions/0005).
 * It takes the stack of every promise, for its query `__stack_trace`: a third of the workflow thread's time. Where promises cannot be hooked the
 * SDK goes without (docs/decisions/0011).
 *
 * `WORKFLOW_WATCHDOG=on` leaves both as they were. The SDK's own threads inherit the `--import`.
 */
import v8 from 'node:v8'
import vm from 'node:vm'
import { isMainThread } from 'node:worker_threads'

/** The largest timeout that Node takes, in ms: 49 days. */
export const NO_TIMEOUT_MS = 0xffff_ffff

/** Makes scripts with that timeout run without one. Answers a function that undoes it. */
export function removeWatchdog(prototype: Pick<vm.Script, 'runInContext'> = vm.Script.prototype): () => void {
  const original = prototype.runInContext
  prototype.runInContext = function runInContext(context, options) {
    if (options === undefined || typeof options !== 'object' || options.timeout !== NO_TIMEOUT_MS) return original.call(this, context, options)
    const { timeout: _timeout, ...rest } = options
    return original.call(this, context, rest)
  }
  return () => {
    prototype.runInContext = original
  }
}

/** Makes hooks on promises do nothing. */
export function removePromiseHooks(hooks: Pick<v8.PromiseHooks, 'createHook'> = v8.promiseHooks): void {
  hooks.createHook = () => () => undefined
}

if (process.env.WORKFLOW_WATCHDOG !== 'on') {
  removeWatchdog()
  // Workflows live in threads; the main one is left alone.
  if (!isMainThread) removePromiseHooks()
}
