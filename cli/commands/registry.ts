/** `flywheel export`, `import` and `reindex`: what operators need when Redis was emptied (operations.md 3). */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { z } from 'zod'
import { imported, reindex } from '../answers.ts'
import type { Answer } from '../api.ts'
import { CliError } from '../exit.ts'
import { readInput, writeOutput } from '../files.ts'
import type { Io } from '../io.ts'
import { pairs, table } from '../print/table.ts'
import { instant } from '../print/time.ts'
import { openSession } from '../session.ts'

import { add } from './command.ts'

/** A whole registry takes its time (ms). */
const TRANSFER_MS = 600_000
const POLL_MS = 1_000

const exported = z.record(z.string(), z.unknown())

export function addRegistry(program: Command, io: Io): void {
  add(program, {
    name: 'export',
    summary: 'Writes the registry into a file',
    description:
      'Connectors, templates, marketplaces, accounts and cycles, with documents, webhook identifiers and states; secrets stay sealed with ENCRYPTION_KEYS. Keep it beside your backups: import brings it back.',
    examples: [
      ['export -o flywheel.json', 'everything'],
      ['export --only acme > acme.json', 'one account, to standard output'],
      ['export --partner > partner.json', 'what belongs to no account'],
    ],
  })
    .option('-o, --output <file>', 'where it is written, readable for its owner only; else standard output')
    .option('--only <account>', 'only this account, by its API id or GUID: for registries above 64 MiB')
    .option('--partner', 'only what belongs to no account, as templates: beside the accounts of such a registry')
    .action(async ({ output, only, partner }: { output?: string; only?: string; partner?: true }, command: Command) => {
      const session = openSession(io, command)
      const { raw, value } = await session
        .partner()
        .call('GET', '/export', exported, { query: { account: only, partner: partner === true ? 'true' : undefined }, timeoutMs: TRANSFER_MS })
      const text = `${JSON.stringify(raw)}\n`
      if (output === undefined) return io.out(text)
      writeOutput(io, output, text)
      const counts = Object.entries(value).flatMap(([name, list]): [string, number][] => (Array.isArray(list) ? [[name, list.length]] : []))
      session.show({ File: output, ...Object.fromEntries(counts) }, () => `${output}: ${counts.map(([name, count]) => `${name} ${count}`).join(', ')}\n`)
    })

  add(program, {
    name: 'import',
    summary: 'Brings back what was exported',
    description:
      'What is there already stays; where a file contradicts it, nothing of it is imported. With it ends the 503 of a Flywheel whose Redis was emptied.',
    examples: [
      ['import flywheel.json', 'everything'],
      ['import partner.json acme.json globex.json', 'part by part'],
    ],
  })
    .argument('<file...>', 'what flywheel export wrote, in whatever order')
    .action(async (names: readonly string[], _: object, command: Command) => {
      const session = openSession(io, command)
      const api = session.partner()
      const files = names.map(name => ({ name, text: readJson(io, name) }))
      const done: { readonly name: string; readonly answer: Answer<z.infer<typeof imported>> }[] = []
      for (const [at, { name, text }] of files.entries()) {
        const more = at < files.length - 1 ? 'true' : 'false'
        done.push({ name, answer: await api.call('POST', '/import', imported, { text, query: { more }, timeoutMs: TRANSFER_MS }) })
      }
      session.show(
        done.map(({ name, answer }) => ({ File: name, Imported: answer.raw })),
        () => {
          const rows = done.flatMap(({ name, answer }) => answer.value.map(one => [name, one.Name, String(one.Made), String(one.Unchanged)]))
          return table(io, ['FILE', 'WHAT', 'IMPORTED', 'UNCHANGED'], rows, 'There was nothing to import.')
        },
      )
    })

  add(program, {
    name: 'reindex',
    summary: 'Rebuilds the index of waiting transactions from Temporal',
    description: 'That is done by itself where the index is missing; this is for one that is damaged. It runs under traffic, and what is there stays.',
    examples: [['reindex --wait', 'and waits until it is done']],
  })
    .option('--wait', 'until it is done')
    .action(async ({ wait = false }: { wait?: boolean }, command: Command) => {
      const session = openSession(io, command)
      const api = session.partner()
      let answer = await api.call('POST', '/reindex', reindex)
      while (wait && answer.value.Status !== 'Done') {
        await sleep(POLL_MS)
        const { Problem } = answer.value
        answer = await api.call('GET', '/reindex', reindex)
        if (answer.value.Problem !== null && answer.value.Problem !== Problem) session.note(answer.value.Problem)
      }
      const { value, raw } = answer
      session.show(raw, () =>
        pairs(io, [
          ['Status', value.Status],
          ['Cycles', `${value.CyclesDoneCount} of ${value.CycleCount}`],
          ['Transactions', `${value.WaitingTransactionCount} waiting, ${value.InProgressTransactionCount} in progress`],
          ['Started', instant(value.StartedAt)],
          ['Ended', instant(value.EndedAt)],
          ...(value.Problem === null ? [] : [['Problem', value.Problem] as const]),
        ]),
      )
    })
}

/** The text as it is: it is sent on without a change. */
function readJson(io: Pick<Io, 'cwd'>, name: string): string {
  const text = readInput(io, name)
  try {
    JSON.parse(text)
  } catch {
    throw new CliError('invalid', `${name} is no JSON.`)
  }
  return text
}
