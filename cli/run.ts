/** Runs the command once, and tells how it ended. */
import { CommanderError } from 'commander'
import { CliError, EXITS } from './exit.ts'
import type { Io } from './io.ts'
import { oneLine } from './print/table.ts'
import { createProgram } from './program.ts'

/** `argv`: what stands behind `flywheel`. Gives the exit code. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    await createProgram(io).parseAsync(argv, { from: 'user' })
    return EXITS.ok.code
  } catch (error) {
    // Commander has written its message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXITS.ok.code : EXITS.usage.code
    if (!(error instanceof CliError)) throw error
    io.err(argv.includes('--json') ? `${JSON.stringify(asJson(error))}\n` : words(error))
    return EXITS[error.exit].code
  }
}

function words({ message, facts }: CliError): string {
  const details = (facts.Errors ?? []).map(({ Path, Message }) => `  ${Path === '' ? '' : `${Path}: `}${Message}`)
  return [message, ...details].map(line => `${oneLine(line)}\n`).join('')
}

const asJson = ({ exit, message, facts }: CliError) => ({ ExitCode: EXITS[exit].code, Message: message, ...facts })
