/**
 * Loaded with `--import` before the worker. The SDK calls into the workflow context with a timeout, for each of which Node starts a thread:
 * 255 µs against 2. Workflows run no customer's code, so the worker sets the timeout to its maximum, and this takes that value as "none"
 * (docs/decisions). `WORKFLOW_WATCHDOG=on` leaves it as it was. The SDK's own threads inherit the `--import`.
 */
import vm from 'node:vm'

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

if (process.env.WORKFLOW_WATCHDOG !== 'on') removeWatchdog()
