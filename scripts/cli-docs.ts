/** Writes `docs/cli.md` from the help of the commands; with `--check` it only says whether the committed page is that. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { EXITS } from '../cli/exit.ts'
import { createProgram } from '../cli/program.ts'
import { generate } from './generated.ts'

const ROOT = resolve(import.meta.dirname, '..')

const INTRODUCTION = `# The flywheel command

It does over the management API what people and scripts do all day: apply cycles from files, start and stop them, look after
transactions. This page is generated from its help: \`npm run cli-docs\`.

In a checkout, once \`npm start\` or \`npm run build\` has built it:

    npx flywheel --help

In the image it is on the PATH, with the container's own credentials:

    docker compose exec api flywheel --account demo cycles list

## Connection

Options win over the environment, the environment over what is found.

| option            | environment                                |                                  |
| ----------------- | ------------------------------------------ | -------------------------------- |
| \`--url\`           | \`FLYWHEEL_URL\`                             | address of the API               |
| \`--client-id\`     | \`CLIENT_ID\`, \`CLIENT_ID_FILE\`              | the partner's client id          |
| \`--client-secret\` | \`CLIENT_SECRET\`, \`CLIENT_SECRET_FILE\`      | its secret                       |
| \`--account\`       | \`FLYWHEEL_ACCOUNT\`                         | API id or GUID of the account    |

Where \`npm start\` runs in the same checkout its address and credentials are found in \`DATA_DIR\`. They are sent to that one only.

## In scripts

With \`--json\` the answer of the API is printed as it came: an object, or an array with all pages of a list. Messages go to standard
error, there as one line of JSON with \`ExitCode\`, \`Message\` and what the API told (\`Status\`, \`Code\`, \`Errors\`, \`Id\`).
Commands that put something together print:

| command             |                                                                                                                                   |
| ------------------- | --------------------------------------------------------------------------------------------------------------------------------- |
| \`apply\`             | an array of \`{ File, Name, Result, Id, Status, Message?, Errors?, Note? }\`; \`Result\`: \`created\`, \`updated\`, \`unchanged\`, \`refused\` |
| \`validate\`          | an array of \`{ File, Valid, Problems: [{ Path, Line, Column, Message }] }\`                                                        |
| \`transactions tail\` | one transaction a line                                                                                                            |
| \`cycles delete\`     | \`{ Id, Deleted }\`                                                                                                                 |

| exit code |   |
| --------- | - |
${Object.values(EXITS)
  .map(({ code, meaning }) => `| ${code} | ${meaning} |`)
  .join('\n')}

Secrets of a document show as \`********\` on the server: \`apply\` cannot tell whether a secret that stands in a file in clear has
changed. It writes such a document anew each time where the cycle does not run, and with \`--restart\` where it does. A file with
\`********\` keeps the secret that is there.
`

/** The page. */
function cliPage(): string {
  let written = ''
  const io = { out: (text: string) => void (written += text), err: () => {}, env: {}, cwd: ROOT, root: ROOT, colour: false, stdin: () => Promise.resolve('') }
  const helpOf = (command: Command): string => {
    written = ''
    command.configureHelp({ ...command.configureHelp(), showGlobalOptions: false }).outputHelp()
    return written.trimEnd()
  }
  const section = (command: Command, name: string, level: string): string => {
    const own = command.commands
    const title = `${level} ${name}\n\n`
    if (own.length === 0) return `${title}\`\`\`\n${helpOf(command)}\n\`\`\`\n`
    return [`${title}${command.description()}\n`, ...own.map(child => section(child, `${name} ${child.name()}`, `${level}#`))].join('\n')
  }
  return [INTRODUCTION, ...createProgram(io).commands.map(command => section(command, command.name(), '##'))].join('\n')
}

await generate([{ path: 'docs/cli.md', make: cliPage }], 'npm run cli-docs')
