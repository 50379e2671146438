/** `flywheel packages`: integration packages in an account, installed, started, stopped and removed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Option, type Command } from 'commander'
import { z } from 'zod'
import { didYouMean } from '../../domain/schema/suggest.ts'
import type { Answer, Api } from '../api.ts'
import { CliError } from '../exit.ts'
import { readInput } from '../files.ts'
import type { Io } from '../io.ts'
import { oneLine, table } from '../print/table.ts'
import { openSession } from '../session.ts'
import { add } from './command.ts'

const PACKAGE = 'name or id of the package'
/** The API answers after a minute as it stands. */
const WAIT_MS = 90_000
const LOOK_MS = 1_000

const operation = z.object({ Id: z.string(), Kind: z.string(), Status: z.string(), Errors: z.array(z.string()) })
const offered = z.object({
  Id: z.number(),
  Name: z.string(),
  Status: z.string(),
  Operation: operation.nullable(),
  Cycles: z.array(z.object({ CycleId: z.string(), Name: z.string(), Status: z.string() })),
})
type Offered = z.infer<typeof offered>

interface Options {
  readonly wait: boolean
  readonly completeParameter?: string
  readonly variable?: readonly string[]
  readonly variables?: string
}

const KINDS = [
  {
    kind: 'install',
    done: 'is installed',
    summary: 'Installs a package',
    description:
      'All of its cycles, or none. A cycle that cannot be started is Stopped, and it is told why. Variables are named by the GUID of their template and their name; secret ones are better given in a file than on the command line.',
    examples: [
      ['packages install "Orders to ERP" --account acme', 'waits until it is done'],
      ['packages install 12 --variable 6f9619ff-8b86-4d01-b42d-00c04fc964ff.erpUrl=https://erp.example', 'with a value for a variable'],
      ['packages install 12 --variables values.json', 'values from a file: { "{templateId}.{variable}": value }'],
    ],
  },
  {
    kind: 'uninstall',
    done: 'is removed',
    summary: 'Removes a package with its cycles',
    description: 'Account connectors stay.',
    examples: [['packages uninstall "Orders to ERP"', 'its cycles are deleted']],
  },
  {
    kind: 'start',
    done: 'is started',
    summary: 'Starts all cycles of a package',
    description: 'All of them, or none: where one cannot be started it is told why.',
    examples: [['packages start "Orders to ERP"', 'from now on their webhooks run']],
  },
  {
    kind: 'stop',
    done: 'is stopped',
    summary: 'Stops all cycles of a package',
    description: 'At once: transactions in progress stop where they are.',
    examples: [['packages stop "Orders to ERP" --no-wait', 'does not wait until it is done']],
  },
] as const

export function addPackages(program: Command, io: Io): void {
  const packages = program
    .command('packages')
    .summary('integration packages in an account')
    .description('Lists the packages that are offered, installs, starts, stops and removes them.')

  add(packages, {
    name: 'list',
    summary: 'Lists every package that is offered, with its state in the account',
    examples: [
      ['packages list --account acme', 'what is installed, and what could be'],
      ['packages list --json | jq -r \'.[] | select(.Status == "Started") | .Name\'', 'names of those that run'],
    ],
  }).action(async (_: object, command: Command) => {
    const session = openSession(io, command)
    const found = await (await session.account()).all('/account/packages', offered)
    session.showAll(found, values => listOf(io, values))
  })

  for (const { kind, done, summary, description, examples } of KINDS) {
    const command = add(packages, { name: kind, summary, description, examples }).argument('<package>', PACKAGE)
    if (kind === 'install') {
      command
        .addOption(
          new Option('--variable <template.variable=value>', 'value of a variable, as text; may be given several times')
            .default([])
            .argParser((one: string, all: readonly string[]) => [...all, one]),
        )
        .option('--variables <file>', 'values as a JSON object; - is standard input')
    }
    command
      .option('--complete-parameter <text>', 'passed on in the notification')
      .option('--no-wait', 'does not wait until it is done')
      .action(async (named: string, options: Options, own: Command) => {
        const session = openSession(io, own)
        const api = await session.account()
        const { Id, Name } = await findPackage(api, named)
        const json = {
          ...(options.completeParameter === undefined ? {} : { CompleteParameter: options.completeParameter }),
          ...(kind === 'install' ? { Variables: await variablesOf(io, options) } : {}),
        }
        const begun = await api.call('POST', `/account/packages/${Id}/${kind}`, operation, { query: { wait: String(options.wait) }, json, timeoutMs: WAIT_MS })
        const ended = options.wait ? await untilEnded(api, begun) : begun
        const { Status, Errors } = ended.value
        if (Status === 'Failed')
          throw new CliError('refused', `${oneLine(Name)}: the ${kind} failed, and nothing of it is left.`, {
            Errors: Errors.map(Message => ({ Path: '', Message })),
          })
        session.show(ended.raw, () =>
          Status === 'Running'
            ? `The operation ${ended.value.Id} has begun.\n`
            : [`${oneLine(Name)} ${done}.`, ...Errors.map(error => `  ${oneLine(error)}`), ''].join('\n'),
        )
      })
  }
}

async function untilEnded(api: Api, begun: Answer<z.infer<typeof operation>>): Promise<Answer<z.infer<typeof operation>>> {
  let now = begun
  while (now.value.Status === 'Running') {
    await sleep(LOOK_MS)
    now = await api.call('GET', `/account/operations/${encodeURIComponent(begun.value.Id)}`, operation)
  }
  return now
}

/** Throws `refused` where no package, or more than one, has the name. */
async function findPackage(api: Api, named: string): Promise<Offered> {
  const all = (await api.all('/account/packages', offered)).map(({ value }) => value)
  const found = /^\d+$/.test(named) ? all.filter(one => one.Id === Number(named)) : all.filter(one => one.Name === named)
  const [first, ...others] = found
  if (first === undefined) {
    const near = didYouMean(
      named,
      all.map(one => one.Name),
    )
    throw new CliError('refused', `No package "${named}" is offered.${near}`)
  }
  if (others.length > 0)
    throw new CliError('refused', `${found.length} packages have the name "${named}": give the id of one, ${found.map(one => one.Id).join(', ')}.`)
  return first
}

/** Those of the file, then those of the command line. */
async function variablesOf(io: Io, { variable = [], variables }: Options): Promise<{ [name: string]: unknown }> {
  const values = new Map<string, unknown>()
  if (variables !== undefined) {
    const text = variables === '-' ? await io.stdin() : readInput(io, variables)
    for (const [name, value] of Object.entries(objectOf(text, variables))) values.set(name, value)
  }
  for (const one of variable) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(one) ?? []
    if (name === undefined) throw new CliError('usage', `--variable is {templateId}.{variable}=value, not "${one}".`)
    values.set(name, value)
  }
  return Object.fromEntries(values)
}

function objectOf(text: string, file: string): object {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  } catch {
    // As below.
  }
  throw new CliError('usage', `${file === '-' ? 'Standard input' : file} is no JSON object { "{templateId}.{variable}": value }.`)
}

function listOf(io: Io, packages: readonly Offered[]): string {
  const rows = packages.map(({ Id, Name, Status, Operation, Cycles }) => [
    String(Id),
    Name,
    Operation === null ? Status : `${Status} (${Operation.Kind} under way)`,
    `${Cycles.filter(one => one.Status === 'Active').length} of ${Cycles.length}`,
  ])
  return table(io, ['ID', 'NAME', 'STATE', 'CYCLES ACTIVE'], rows, 'No package is offered.')
}
