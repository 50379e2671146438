/** Temporal's own log lines, written as ours. */
import { TemporalFailure } from '@temporalio/common'
import { DefaultLogger, type Logger } from '@temporalio/worker'

export interface LeveledLogger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const levels = { TRACE: 'debug', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const

export function makeTemporalLogger(logger: LeveledLogger): Logger {
  return new DefaultLogger('INFO', ({ level, message, meta }) => logger[levels[level]]({ ...told({ ...meta }), component: 'temporal' }, message))
}

/** A failure of a step has the answer and the request in its message and details: that is payload, which no log has (operations.md 6). */
function told(meta: { readonly [name: string]: unknown }): { [name: string]: unknown } {
  return Object.fromEntries(Object.entries(meta).map(([name, value]) => [name, value instanceof Error ? errorTold(value) : value]))
}

function errorTold(error: Error): object {
  if (error instanceof TemporalFailure) return { name: error.name, ...('type' in error ? { type: error.type } : {}) }
  const { name, message, stack } = error
  return { name, message, stack }
}
