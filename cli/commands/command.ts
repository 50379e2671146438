/** How the commands are made: a summary, what they take, and examples that their help shows. */
import { InvalidArgumentError, type Command } from 'commander'

export const CYCLE = 'name or GUID of the cycle'
export const TRANSACTION = 'id of the transaction'

export interface CommandText {
  readonly name: string
  /** One line, without a full stop. */
  readonly summary: string
  /** Further sentences. */
  readonly description?: string
  /** What stands behind `flywheel`, and what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[]
}

/** A command below `parent`, which takes over how errors and help are written. */
export function add(parent: Command, { name, summary, description, examples }: CommandText): Command {
  const command = parent.command(name).summary(summary)
  command.description(description === undefined ? `${summary}.` : `${summary}. ${description}`)
  command.addHelpText('after', `\nExamples:\n${examples.map(([line, what]) => `  # ${what}\n  flywheel ${line}`).join('\n')}`)
  return command
}

/** A whole number above 0. */
export function count(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.')
  return value
}
