/**
 * Loaded once for all workflows of a worker: pure modules without state of their own. Without this each cached workflow holds a copy
 * (the regular expressions alone are 180 KB and half a millisecond).
 */
export { live } from './interpreter/life.ts'

// The SDK takes the stack of every promise that a workflow makes, for its query `__stack_trace`: a third of the workflow thread's time.
Error.stackTraceLimit = 0
