/** One run of a command: where it is connected to, and how it tells what it found. */
import type { Command } from 'commander'
import { account as accountAnswer } from './answers.ts'
import { createApi, type Answer, type Api } from './api.ts'
import { connectionOf, type GlobalOptions } from './connection/settings.ts'
import { present } from './connection/checkout.ts'
import { CliError } from './exit.ts'
import type { Io } from './io.ts'

export interface Session {
  readonly io: Io
  readonly json: boolean
  /** For calls of the partner. */
  partner(): Api
  /** For calls of the account that was named; a usage error that lists those that there are where none was. */
  account(): Promise<Api>
  /** Prints what was asked for: with `--json` as it came, else in words. */
  show(raw: unknown, words: () => string): void
  /** The same of a list of answers. */
  showAll<T>(found: readonly Answer<T>[], words: (values: readonly T[]) => string): void
  /** A line on standard error. */
  note(text: string): void
}

/** Accounts that a message lists. */
const LISTED = 10

export function openSession(io: Io, command: Command): Session {
  const options = command.optsWithGlobals<GlobalOptions>()
  const json = options.json === true
  const partner = (): Api => createApi(connectionOf(io, options))
  const show: Session['show'] = (raw, words) => io.out(json ? `${JSON.stringify(raw, null, 2)}\n` : words())
  return {
    io,
    json,
    partner,
    async account() {
      const named = present(options.account) ?? present(io.env.FLYWHEEL_ACCOUNT)
      if (named !== undefined) return createApi(connectionOf(io, options), named)
      const known = (await partner().all('/accounts', accountAnswer)).map(({ value }) => value.Id)
      const list = known.length > LISTED ? `${known.slice(0, LISTED).join(', ')}, …` : known.join(', ')
      const there = known.length === 0 ? 'There is none yet: POST /v1.0/accounts makes one.' : `There are: ${list}.`
      throw new CliError('usage', `Which account? Give --account, or set FLYWHEEL_ACCOUNT. ${there}`)
    },
    show,
    showAll: (found, words) =>
      show(
        found.map(({ raw }) => raw),
        () => words(found.map(({ value }) => value)),
      ),
    note: text => io.err(`${text}\n`),
  }
}
