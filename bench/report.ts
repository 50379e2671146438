/** `bench/results.md`: the table, and beside each number how it was measured. */
import { cpus, totalmem } from 'node:os'
import { asMarkdown, cells, type Row } from './measures.ts'
import type { Options } from './options.ts'

export interface Setting {
  readonly startedAt: Date
  readonly endedAt: Date
  readonly versions: { readonly [what: string]: string }
  readonly own: boolean
}

export function resultsMarkdown(found: readonly Row[], options: Options, setting: Setting): string {
  const minutes = Math.round((setting.endedAt.getTime() - setting.startedAt.getTime()) / 60_000)
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`
  const versions = Object.entries(setting.versions).map(([what, version]) => `${what} ${version}`)
  return `# Results of \`npm run bench\`

${setting.startedAt.toISOString().slice(0, 10)}, ${minutes} minutes, ${options.sizes.rounds} rounds${options.quick ? ' (--quick: sizes too small to compare)' : ''}. ${machine}. ${versions.join(', ')}.

${asMarkdown(cells(found))}

Everything runs on this one machine, servers and load included: figures are small, ratios are what counts. A ratio is made of two
measurements of the same round, and the median over the rounds is told; *of its rounds* is its lowest and highest. For rates more is
better, for times less. p50 and p99 are medians over the rounds as well.

## How each was measured

${found.map(row => `- **${row.measure.name}** (${row.measure.counts === 'rate' ? 'a second' : 'p50'}): ${row.measure.method}.`).join('\n')}

## What is alike

- Load comes from child processes with bounded count and time, on loopback; HTTP over plain sockets, one request at a time for each
  connection. Bare Express and Flywheel get the same generator. The baseline's Temporal client has no HTTP server before it.
- Rounds are interleaved: each round measures everything once, in the order of the table. One round before them is not counted.
- ${setting.own ? 'Redis (`appendfsync always`) and Temporal (SQLite, `synchronous=full`) are started for the bench.' : 'Redis and Temporal are those that the environment names.'}
- The baseline's workflows run as many local activities as ours, each with one small Redis write, and have the same search attributes
  and summaries. Otherwise it has the SDK's defaults: ordinary starts, and the watchdog on. Ours starts eagerly, without it.
- People who install are one child process with a connection for each of them; their accounts and cycles stay for the rest of the run.
- The second phase of the resume, and the match, follow after the other rounds: their measures are interleaved with each other. The
  match has a database of its own, which no worker looks at.
`
}
