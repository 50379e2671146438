/** How the command ends: one table of exit codes, for scripts and for the help. */

export const EXITS = {
  ok: { code: 0, meaning: 'done' },
  refused: { code: 1, meaning: 'the server said no: not found, running, already so' },
  usage: { code: 2, meaning: 'the command line or the environment is not right' },
  unreachable: { code: 3, meaning: 'the server cannot be reached, or what answers is not Flywheel' },
  invalid: { code: 4, meaning: 'a document is not valid' },
  denied: { code: 5, meaning: 'wrong credentials, or no such account' },
  failed: { code: 6, meaning: 'the server failed, or cannot do it at the moment (5xx): try again' },
} as const
export type Exit = keyof typeof EXITS

/** What is wrong with a part of a request or document, as the server tells it. */
export interface Detail {
  readonly Path: string
  readonly Message: string
}

/** Ends the command with a message for people; `--json` prints `facts` as well. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exit: Exit
  readonly facts: ErrorFacts
  constructor(exit: Exit, message: string, facts: ErrorFacts = {}) {
    super(message)
    this.exit = exit
    this.facts = facts
  }
}

/** What the server's answer tells besides its message. */
export interface ErrorFacts {
  readonly Code?: string
  readonly Status?: number
  readonly Errors?: readonly Detail[]
  /** Of a 5xx: the server's log tells more under it. */
  readonly Id?: string
}
