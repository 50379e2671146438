/** Orderly ends (operations.md 6): SIGTERM or SIGINT runs the steps in order within the grace, then exits 0; a second signal exits at once. */
import type { Logger } from './logger.ts'

export interface ShutdownStep {
  readonly name: string
  readonly run: () => Promise<void> | void
}

/** Sets the handlers; the function it gives shuts down as a signal does, with the exit code given (for a failure that ends the process). */
export function onShutdown(graceMs: number, logger: Logger, steps: readonly ShutdownStep[]): (reason: string, exitCode?: number) => void {
  let begun = false
  const shutDown = (reason: string, exitCode = 0): void => {
    if (begun) {
      logger.warn({ reason }, 'told to stop a second time: exit at once')
      process.exit(1)
    }
    begun = true
    logger.info({ reason, graceMs }, 'shutting down')
    const late = setTimeout(() => {
      logger.warn({ graceMs }, 'the grace is over: exit with work unfinished')
      process.exit(exitCode)
    }, graceMs)
    void runSteps(logger, steps).then(() => {
      clearTimeout(late)
      logger.info('shut down')
      process.exit(exitCode)
    })
  }
  process.on('SIGTERM', () => shutDown('SIGTERM'))
  process.on('SIGINT', () => shutDown('SIGINT'))
  return shutDown
}

/** A step that fails is logged, and the next one runs. */
async function runSteps(logger: Logger, steps: readonly ShutdownStep[]): Promise<void> {
  for (const step of steps) {
    try {
      await step.run()
    } catch (error) {
      logger.error({ err: error, step: step.name }, 'a step of the shutdown failed')
    }
  }
}
