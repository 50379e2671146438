/** `flywheel cycles`: what runs in an account, started and stopped. */
import type { Command } from 'commander'
import { cycle, nothing, type Cycle } from '../answers.ts'
import { cycleId, cyclePath, findCycle } from '../cycle.ts'
import type { Io } from '../io.ts'
import { oneLine, pairs, table } from '../print/table.ts'
import { instant } from '../print/time.ts'
import { openSession } from '../session.ts'
import { add, CYCLE } from './command.ts'

export function addCycles(program: Command, io: Io): void {
  const cycles = program.command('cycles').summary('cycles of an account').description('Lists, shows, starts, stops and deletes cycles.')

  add(cycles, {
    name: 'list',
    summary: 'Lists the cycles of the account',
    examples: [
      ['cycles list --account acme', 'all cycles with their state'],
      ['cycles list --json | jq -r \'.[] | select(.Status == "Active") | .Name\'', 'names of those that run'],
    ],
  }).action(async (_: object, command: Command) => {
    const session = openSession(io, command)
    const found = await (await session.account()).all('/cycles', cycle)
    session.showAll(found, values => listOf(io, values))
  })

  add(cycles, {
    name: 'show',
    summary: 'Shows a cycle with the URLs of its webhooks',
    examples: [
      ['cycles show "Order fulfilment"', 'state, counts and URLs'],
      ['cycles show "Order fulfilment" --json | jq .Definition', 'its document'],
    ],
  })
    .argument('<cycle>', CYCLE)
    .action(async (named: string, _: object, command: Command) => {
      const session = openSession(io, command)
      const { value, raw } = await findCycle(await session.account(), named)
      session.show(raw, () => details(io, value))
    })

  add(cycles, {
    name: 'start',
    summary: 'Starts a cycle',
    description: 'What was queued while it stood still runs, in the order it was accepted. Of one that is Active nothing changes.',
    examples: [['cycles start "Order fulfilment"', 'from now on its webhooks run']],
  })
    .argument('<cycle>', CYCLE)
    .action(async (named: string, _: object, command: Command) => {
      const session = openSession(io, command)
      const api = await session.account()
      const { value, raw } = await api.call('PUT', `${cyclePath(await cycleId(api, named))}/activate`, cycle)
      session.show(raw, () => nowIs(value))
    })

  add(cycles, {
    name: 'stop',
    summary: 'Stops a cycle',
    description: 'At once: transactions in progress stop where they are. Waiting ones survive, and queued ones wait up to 24 h for the next start.',
    examples: [
      ['cycles stop "Order fulfilment"', 'stops it at once'],
      ['cycles stop "Order fulfilment" --finish', 'lets what is in progress and queued end first'],
    ],
  })
    .argument('<cycle>', CYCLE)
    .option('--finish', 'Stopping until all transactions in progress and queued have ended, then Stopped')
    .action(async (named: string, { finish = false }: { finish?: boolean }, command: Command) => {
      const session = openSession(io, command)
      const api = await session.account()
      const query = finish ? { finishQueuedTransactions: 'true' } : {}
      const { value, raw } = await api.call('PUT', `${cyclePath(await cycleId(api, named))}/deactivate`, cycle, { query })
      session.show(raw, () => nowIs(value))
    })

  add(cycles, {
    name: 'delete',
    summary: 'Deletes a cycle',
    description: 'Its webhooks answer 404 at once; all its transactions are stopped and removed.',
    examples: [['cycles delete "Order fulfilment"', 'it is gone']],
  })
    .argument('<cycle>', CYCLE)
    .action(async (named: string, _: object, command: Command) => {
      const session = openSession(io, command)
      const api = await session.account()
      const id = await cycleId(api, named)
      await api.call('DELETE', cyclePath(id), nothing)
      session.show({ Id: id, Deleted: true }, () => `${named} is deleted.\n`)
    })
}

const nowIs = ({ Name, Status }: Cycle): string => `${oneLine(Name)} is ${Status}.\n`

function listOf(io: Io, cycles: readonly Cycle[]): string {
  const heading = ['NAME', 'STATE', 'IN PROGRESS', 'QUEUED', 'WAITING', 'ERRORS', 'WARNINGS', 'ID']
  const rows = cycles.map(one => [
    one.Name,
    one.Status,
    String(one.InProgressTransactionCount),
    String(one.QueuedTransactionCount),
    String(one.WaitingTransactionCount),
    String(one.ErrorCount),
    String(one.WarningCount),
    one.Id,
  ])
  return table(io, heading, rows, 'There are no cycles in this account.')
}

function details(io: Io, one: Cycle): string {
  const facts = pairs(io, [
    ['Name', one.Name],
    ...(one.Description === '' ? [] : [['Description', one.Description] as const]),
    ...(one.Tags.length === 0 ? [] : [['Tags', one.Tags.join(', ')] as const]),
    ['State', one.Status],
    ['Created', instant(one.CreatedOnUtc)],
    ['Transactions', `${one.InProgressTransactionCount} in progress, ${one.QueuedTransactionCount} queued, ${one.WaitingTransactionCount} waiting`],
    ['Incidents', `${one.ErrorCount} errors, ${one.WarningCount} warnings`],
    ['Id', one.Id],
  ])
  const webhooks = one.Webhooks.map(({ StepId, StepName, Url }) => [StepId, StepName, Url])
  return `${facts}\n${table(io, ['STEP', 'NAME', 'WEBHOOK'], webhooks, 'No step of it has a webhook.')}`
}
