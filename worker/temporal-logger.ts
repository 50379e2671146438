/** Temporal's own log lines, written as ours. */
import { DefaultLogger, type Logger } from '@temporalio/worker'

export interface LeveledLogger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const levels = { TRACE: 'debug', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const

export function makeTemporalLogger(logger: LeveledLogger): Logger {
  return new DefaultLogger('INFO', ({ level, message, meta }) => logger[levels[level]]({ ...meta, component: 'temporal' }, message))
}
