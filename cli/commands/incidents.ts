/** `flywheel incidents`: what went wrong in a cycle. */
import { Option, type Command } from 'commander'
import { incident } from '../answers.ts'
import { cycleId, cyclePath } from '../cycle.ts'
import type { Io } from '../io.ts'
import { openSession } from '../session.ts'
import { add, count, CYCLE } from './command.ts'
import { incidentTable } from './transaction-text.ts'

const LIMIT = 50

export function addIncidents(program: Command, io: Io): void {
  const incidents = program.command('incidents').summary('what went wrong in a cycle').description('Lists the errors and warnings of a cycle.')

  add(incidents, {
    name: 'list',
    summary: 'Lists the incidents of a cycle, the newest first',
    examples: [
      ['incidents list "Order fulfilment"', `the newest ${LIMIT}`],
      ["incidents list Orders --limit 500 --json | jq -r '.[].Message' | sort | uniq -c", 'how often what'],
    ],
  })
    .argument('<cycle>', CYCLE)
    .addOption(new Option('--limit <number>', 'so many at most').argParser(count).default(LIMIT))
    .action(async (named: string, { limit }: { limit: number }, command: Command) => {
      const session = openSession(io, command)
      const api = await session.account()
      const found = await api.first(`${cyclePath(await cycleId(api, named))}/incidents`, incident, limit)
      session.showAll(found, values => incidentTable(io, values))
    })
}
