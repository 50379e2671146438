/** `flywheel transactions tail`: what runs, as it runs. */
import { InvalidArgumentError, Option, type Command } from 'commander'
import { parseDuration } from '../../domain/duration.ts'
import { cycleId, cyclePath } from '../cycle.ts'
import { follow } from '../follow.ts'
import type { Io } from '../io.ts'
import { rowOf } from '../print/table.ts'
import { openSession } from '../session.ts'
import { add, CYCLE } from './command.ts'
import { transactionHeading, transactionRow } from './transaction-text.ts'

/** Without a number so many that were there before are shown. */
const LINES = 10
const INTERVAL_MS = 2_000
const INTERVAL_MIN_MS = 200
/** Columns of the rows, which are written one by one. */
const WIDTHS = [19, 10, 13, 6, 8]

interface Options {
  readonly lines: number
  readonly interval: number
}

export function addTail(transactions: Command, io: Io): void {
  add(transactions, {
    name: 'tail',
    summary: 'Follows the transactions of a cycle',
    description:
      'Prints a line for each that comes or changes, until it is ended with Ctrl-C. It watches the newest 500, and older ones while they are in progress.',
    examples: [
      ['transactions tail "Order fulfilment"', 'the last ones, then all that comes'],
      ['transactions tail Orders --lines 0 --json | jq -r \'select(.Status == "Errored").Id\'', 'one JSON object a line'],
    ],
  })
    .argument('<cycle>', CYCLE)
    .addOption(new Option('-n, --lines <number>', 'so many that were there before').argParser(lines).default(LINES))
    .addOption(new Option('--interval <duration>', 'how often it looks').argParser(interval).default(INTERVAL_MS, '2s'))
    .action(async (named: string, options: Options, command: Command) => {
      const session = openSession(io, command)
      const api = await session.account()
      const path = `${cyclePath(await cycleId(api, named))}/transactions`
      if (!session.json) io.out(rowOf(io, transactionHeading, WIDTHS, true))
      for await (const { value, raw } of follow(api, path, { lines: options.lines, intervalMs: options.interval, trouble: session.note })) {
        io.out(session.json ? `${JSON.stringify(raw)}\n` : rowOf(io, transactionRow(value), WIDTHS))
      }
    })
}

function lines(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 500) throw new InvalidArgumentError('It must be a whole number, 0 to 500.')
  return Number(text)
}

function interval(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms < INTERVAL_MIN_MS) throw new InvalidArgumentError('It must be a duration like 500ms, 2s or 1m, at least 200ms.')
  return ms
}
