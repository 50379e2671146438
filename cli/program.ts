/** The whole command: its options, its commands, its help. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { addApply } from './commands/apply.ts'
import { addCycles } from './commands/cycles.ts'
import { addIncidents } from './commands/incidents.ts'
import { addNotifications } from './commands/notifications.ts'
import { addPackages } from './commands/packages.ts'
import { addRegistry } from './commands/registry.ts'
import { addTransactions } from './commands/transactions.ts'
import { addValidate } from './commands/validate.ts'
import { addWebhooks } from './commands/webhooks.ts'
import { EXITS } from './exit.ts'
import type { Io } from './io.ts'

/** Columns of the help: also where it is written into the documentation. */
const WIDTH = 100

export function createProgram(io: Io): Command {
  const program = new Command('flywheel')
    .description('Applies cycles to a Flywheel, and looks after what runs in it. It speaks HTTP with the management API.')
    .configureOutput({ writeOut: io.out, writeErr: io.err, getOutHelpWidth: () => WIDTH, getErrHelpWidth: () => WIDTH })
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showHelpAfterError('(--help tells more)')
    .exitOverride()
    .version(versionIn(io.root), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .option('--url <url>', 'address of the API (FLYWHEEL_URL)')
    .option('--client-id <id>', "the partner's client id (CLIENT_ID, or CLIENT_ID_FILE)")
    .option('--client-secret <secret>', 'its secret (CLIENT_SECRET, or CLIENT_SECRET_FILE: better, nobody sees it in the list of processes)')
    .option('--account <id>', 'API id or GUID of the account (FLYWHEEL_ACCOUNT)')
    .option('--json', 'print JSON, as the API answers it')
    .addHelpText('after', CONNECTION)
  addApply(program, io)
  addValidate(program, io)
  addCycles(program, io)
  addPackages(program, io)
  addTransactions(program, io)
  addIncidents(program, io)
  addWebhooks(program, io)
  addNotifications(program, io)
  addRegistry(program, io)
  return program
}

const CONNECTION = `
Where npm start runs in the same checkout, address and credentials are found in its data folder
(DATA_DIR), and no option is needed but the account.

Exit codes:
${Object.values(EXITS)
  .map(({ code, meaning }) => `  ${code}  ${meaning}`)
  .join('\n')}

Examples:
  # the cycles of a folder, created or updated, and running
  flywheel apply -f cycles/ --account acme --start
  # what runs, as it runs
  flywheel transactions tail "Order fulfilment"`

function versionIn(root: string): string {
  const content: { readonly version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return content.version
}
