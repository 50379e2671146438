/** `flywheel transactions`: what runs, and what an operator does with it. */
import { Option, type Command } from 'commander'
import { transaction, transactionDetails, type Transaction } from '../answers.ts'
import type { Answer } from '../api.ts'
import { cycleId, cyclePath } from '../cycle.ts'
import type { Io } from '../io.ts'
import { openSession, type Session } from '../session.ts'
import { add, count, CYCLE, TRANSACTION } from './command.ts'
import { addTail } from './tail.ts'
import { detailsOf, tableOf } from './transaction-text.ts'

const STATUSES = ['Queued', 'InProgress', 'Waiting', 'Completed', 'Errored', 'Stopped', 'Dropped'] as const

const transactionPath = (cycle: string, tx: string): string => `${cyclePath(cycle)}/transactions/${encodeURIComponent(tx)}`

/** Without a number so many are listed. */
const LIMIT = 50

export function addTransactions(program: Command, io: Io): void {
  const transactions = program
    .command('transactions')
    .summary('transactions of a cycle')
    .description('Lists, shows and follows transactions; stops them, and mends those that failed.')

  add(transactions, {
    name: 'list',
    summary: 'Lists the transactions of a cycle, the newest first',
    examples: [
      ['transactions list "Order fulfilment"', `the newest ${LIMIT}`],
      ['transactions list "Order fulfilment" --status Errored --all', 'all that failed'],
    ],
  })
    .argument('<cycle>', CYCLE)
    .addOption(new Option('--status <status>', 'only those').choices(STATUSES))
    .addOption(new Option('--limit <number>', 'so many at most').argParser(count).default(LIMIT))
    .option('--all', 'all of them, however many')
    .action(async (named: string, { status, limit, all = false }: { status?: string; limit: number; all?: boolean }, command: Command) => {
      const session = openSession(io, command)
      const api = await session.account()
      const id = await cycleId(api, named)
      const found = await api.first(`${cyclePath(id)}/transactions`, transaction, all ? Infinity : limit, { status })
      list(session, found, all, limit)
    })

  add(transactions, {
    name: 'show',
    summary: 'Shows a transaction with its steps and incidents',
    examples: [
      ['transactions show "Order fulfilment" 6f9619ff-8b86-4d01-b42d-00c04fc964ff', 'how far it came'],
      ["transactions show Orders 6f9619ff-8b86-4d01-b42d-00c04fc964ff --json | jq '.Steps[].Data'", 'what its steps produced'],
    ],
  })
    .argument('<cycle>', CYCLE)
    .argument('<transaction>', TRANSACTION)
    .action(async (named: string, tx: string, _: object, command: Command) => {
      const session = openSession(io, command)
      const api = await session.account()
      const { value, raw } = await api.call('GET', transactionPath(await cycleId(api, named), tx), transactionDetails)
      session.show(raw, () => detailsOf(io, value))
    })

  add(transactions, {
    name: 'items',
    summary: 'Lists the items of a transaction that split a list',
    description: 'In order of the list. Each is a transaction of its own, which show, stop and the like take by its id.',
    examples: [['transactions items Orders 6f9619ff-8b86-4d01-b42d-00c04fc964ff --all', 'all of them']],
  })
    .argument('<cycle>', CYCLE)
    .argument('<transaction>', TRANSACTION)
    .addOption(new Option('--limit <number>', 'so many at most').argParser(count).default(LIMIT))
    .option('--all', 'all of them, however many')
    .action(async (named: string, tx: string, { limit, all = false }: { limit: number; all?: boolean }, command: Command) => {
      const session = openSession(io, command)
      const api = await session.account()
      list(session, await api.first(`${transactionPath(await cycleId(api, named), tx)}/items`, transaction, all ? Infinity : limit), all, limit)
    })

  add(transactions, {
    name: 'stop',
    summary: 'Stops a transaction where it is',
    description: 'A queued one is taken out. One that is over stays as it is.',
    examples: [['transactions stop Orders 6f9619ff-8b86-4d01-b42d-00c04fc964ff', 'delays and waits included']],
  })
    .argument('<cycle>', CYCLE)
    .argument('<transaction>', TRANSACTION)
    .action((named: string, tx: string, _: object, command: Command) => order(io, command, named, tx, 'stop', stopping))

  for (const { name, summary, description, what, done } of REPAIRS) {
    add(transactions, {
      name,
      summary,
      description,
      examples: [
        [`transactions ${name} Orders 6f9619ff-8b86-4d01-b42d-00c04fc964ff`, what],
        [`transactions ${name} Orders 6f9619ff-8b86-4d01-b42d-00c04fc964ff --step reserve`, 'where several steps failed'],
      ],
    })
      .argument('<cycle>', CYCLE)
      .argument('<transaction>', TRANSACTION)
      .option('--step <id>', 'the step that is meant; may be left out where one has failed')
      .action((named: string, tx: string, { step }: { step?: string }, command: Command) =>
        order(io, command, named, tx, name, value => `${value.Id}: ${done}.`, step === undefined ? {} : { StepId: step }),
      )
  }
  addTail(transactions, io)
}

function list(session: Session, found: readonly Answer<Transaction>[], all: boolean, limit: number): void {
  session.showAll(found, values => tableOf(session.io, values))
  if (!all && found.length === limit && !session.json) session.note(`The first ${limit}; there may be more: --all lists them.`)
}

const OVER = ['Completed', 'Errored', 'Stopped', 'Dropped']
const stopping = ({ Id, Status }: Transaction): string => (OVER.includes(Status) ? `${Id} is ${Status}.` : `${Id} is about to stop.`)

const REPAIRS = [
  {
    name: 'retry',
    summary: 'Tries the failed step again',
    description: 'Of a transaction that stands failed, or of a step that waits for its next try. The cycle must be Active.',
    what: 'the other system is back',
    done: 'the step is tried again',
  },
  {
    name: 'skip',
    summary: 'Goes on behind the failed step',
    description: 'The step has no data then. The cycle must be Active.',
    what: 'it was done by hand',
    done: 'it goes on behind the step',
  },
  {
    name: 'fail',
    summary: 'Gives up the failed step',
    description: 'The transaction ends Errored for good, or its error rule takes effect at once where the step waited for its next try.',
    what: 'there is no use in waiting',
    done: 'the step has failed for good',
  },
] as const

async function order(io: Io, command: Command, named: string, tx: string, verb: string, words: (value: Transaction) => string, json?: object): Promise<void> {
  const session = openSession(io, command)
  const api = await session.account()
  const path = `${transactionPath(await cycleId(api, named), tx)}/${verb}`
  const { value, raw } = await api.call('POST', path, transaction, json === undefined ? {} : { json })
  session.show(raw, () => `${words(value)}\n`)
}
