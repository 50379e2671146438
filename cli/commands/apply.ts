/** `flywheel apply`: cycles from files. */
import { InvalidArgumentError, Option, type Command } from 'commander'
import { parseDuration } from '../../domain/duration.ts'
import { cycle } from '../answers.ts'
import { applyDocument, type Applied, type ApplyOptions, type ValidDocument } from '../apply.ts'
import { checkDocument, inPlace, problemLine, type Checked } from '../documents.ts'
import { CliError, EXITS, type Exit } from '../exit.ts'
import { readDocuments, type DocumentFile } from '../files.ts'
import type { Io } from '../io.ts'
import { oneLine, table } from '../print/table.ts'
import { openSession, type Session } from '../session.ts'
import { add } from './command.ts'

interface Options {
  readonly filename: readonly string[]
  readonly start?: boolean
  readonly restart?: boolean
  readonly finish?: number
}

/** One document, and what became of it. */
interface Outcome {
  readonly file: DocumentFile
  readonly name: string
  readonly applied: Applied
}

export function addApply(program: Command, io: Io): void {
  add(program, {
    name: 'apply',
    summary: 'Creates or updates the cycles that documents describe',
    description:
      'Each document is the cycle of its name in the account. All documents are checked before the first is applied. A cycle that runs is changed with --restart only.',
    examples: [
      ['apply -f order.yaml --account acme --start', 'one cycle, running'],
      ['apply -f cycles/ --account acme', 'all YAML and JSON files of a folder that have steps'],
      ['apply -f cycles/ --account acme --restart --finish 5m', 'also those that run, once they have finished'],
    ],
  })
    .requiredOption('-f, --filename <file...>', 'files or folders; - for standard input')
    .option('--start', 'start those that do not run')
    .option('--restart', 'stop one that runs, change it, and start it again')
    .addOption(
      new Option(
        '--finish <duration>',
        'with --restart: let transactions in progress and queued end first, for so long at most (90s, 10m); else they are stopped',
      )
        .argParser(duration)
        .implies({ restart: true }),
    )
    .action(async ({ filename, start = false, restart = false, finish }: Options, command: Command) => {
      const session = openSession(io, command)
      const documents = validOnes(session, (await readDocuments(io, filename)).map(checkDocument))
      await applyAll(session, documents, { start, restart, finishMs: finish })
    })
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new InvalidArgumentError('It must be a duration like 90s, 10m or 2h.')
  return ms
}

/** All of them, or none is applied. Throws what is wrong with them. */
function validOnes({ note }: Session, checked: readonly Checked[]): readonly ValidDocument[] {
  for (const { file } of checked.filter(({ state }) => state === 'other')) note(`${file.name}: passed over, it is no cycle (it has no steps).`)
  const invalid = checked.filter(each => each.state === 'invalid')
  const errors = invalid.flatMap(({ file, problems }) => problems.map(problem => ({ Path: '', Message: problemLine(file, problem) })))
  if (errors.length > 0) throw new CliError('invalid', 'Nothing was applied: a document is not valid.', { Errors: errors })
  const valid = checked.filter(each => each.state === 'valid')
  if (valid.length === 0) throw new CliError('usage', 'There is no document to apply.')
  const twice = valid.filter(({ document: { name } }) => valid.filter(other => other.document.name === name).length > 1)
  if (twice.length > 0) {
    throw new CliError('usage', `Nothing was applied: ${twice.map(({ file }) => file.name).join(' and ')} have the same name, "${twice[0]?.document.name}".`)
  }
  return valid
}

async function applyAll(session: Session, documents: readonly ValidDocument[], options: ApplyOptions): Promise<void> {
  const api = await session.account()
  const known = (await api.all('/cycles', cycle)).map(({ value }) => value)
  const outcomes: Outcome[] = []
  try {
    for (const checked of documents) {
      outcomes.push({ file: checked.file, name: checked.document.name, applied: await applyDocument(api, checked, known, options) })
    }
  } finally {
    // Also where the server went away in between: these are done.
    session.show(outcomes.map(asJson), () => words(session.io, outcomes))
  }
  const worst = outcomes
    .map(({ applied }) => applied.problem?.exit)
    .toSorted(byCode)
    .at(-1)
  if (worst === undefined) return
  const failed = outcomes.filter(({ applied }) => applied.problem !== undefined).length
  throw new CliError(worst, failed === 1 ? '1 of the cycles is not as its document says.' : `${failed} of the cycles are not as their documents say.`)
}

const byCode = (a: Exit | undefined, b: Exit | undefined): number => (a === undefined ? -1 : EXITS[a].code) - (b === undefined ? -1 : EXITS[b].code)

function words(io: Io, outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return ''
  const rows = outcomes.map(({ file, name, applied: { result, cycle: now } }) => [result, name, now?.Status ?? '-', now?.Id ?? '-', file.name])
  const notes = outcomes.flatMap(({ file, name, applied: { problem, note } }) => [
    ...(problem === undefined ? [] : [`${name}: ${problem.message}`, ...detailLines(file, problem)]),
    ...(note === undefined ? [] : [`${name}: ${note}`]),
  ])
  return table(io, ['RESULT', 'NAME', 'STATE', 'ID', 'FILE'], rows, '') + notes.map(line => `${oneLine(line)}\n`).join('')
}

/** What the server found wrong with the document, by the lines of its file. */
function detailLines(file: DocumentFile, { exit, facts }: CliError): string[] {
  const problems = (facts.Errors ?? []).map(({ Path, Message }) => ({ path: Path, message: Message }))
  return exit === 'invalid'
    ? inPlace(file, problems).map(problem => `  ${problemLine(file, problem)}`)
    : problems.map(({ path, message }) => `  ${path}: ${message}`)
}

const asJson = ({ file, name, applied: { result, cycle: now, problem, note } }: Outcome) => ({
  File: file.name,
  Name: name,
  Result: result,
  Id: now?.Id ?? null,
  Status: now?.Status ?? null,
  ...(problem === undefined ? {} : { Message: problem.message, ...problem.facts }),
  ...(note === undefined ? {} : { Note: note }),
})
