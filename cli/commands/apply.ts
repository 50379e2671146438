/** `flywheel apply`: cycles of an account, or the partner's templates, connectors and marketplaces, from files. */
import { InvalidArgumentError, Option, type Command } from 'commander'
import type { CycleDocument } from '../../domain/document.ts'
import { parseDuration } from '../../domain/duration.ts'
import { connector, cycle, template } from '../answers.ts'
import type { Applied } from '../applied.ts'
import { applyConnector, checkConnector } from '../apply-connector.ts'
import { applyMarketplace, checkMarketplace } from '../apply-marketplace.ts'
import { applyTemplate, type TemplateOptions } from '../apply-template.ts'
import { applyDocument, type ApplyOptions } from '../apply.ts'
import { checkDocument, inPlace, problemLine, type Checked, type Valid } from '../documents.ts'
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
  readonly templates?: boolean
  readonly connectors?: boolean
  readonly marketplaces?: boolean
  readonly promote?: boolean
  readonly publish?: boolean
  readonly secrets?: boolean
}

/** One document, and what became of it. */
interface Outcome extends Applied {
  readonly file: DocumentFile
  readonly name: string
  /** Of what it describes as it stands now; undefined where it was not made. */
  readonly now: { readonly id: string; readonly state: string } | undefined
}

interface Named {
  readonly name: string
}

/** Options of cycles and templates alone. */
const OTHERS = ['templates', 'promote', 'publish', 'secrets', 'start', 'restart', 'finish']

export function addApply(program: Command, io: Io): void {
  add(program, {
    name: 'apply',
    summary: 'Creates or updates the cycles, templates or connectors that documents describe',
    description:
      'Each document is the cycle of its name in the account. All documents are checked before the first is applied. A cycle that runs is changed with --restart only. With --templates each document is the template of its name, of the partner, with --connectors the connector; with --marketplaces each file is a marketplace with its packages.',
    examples: [
      ['apply -f order.yaml --account acme --start', 'one cycle, running'],
      ['apply -f cycles/ --account acme', 'all YAML and JSON files of a folder that have steps'],
      ['apply -f cycles/ --account acme --restart --finish 5m', 'also those that run, once they have finished'],
      ['apply -f templates/ --templates --publish', 'templates, live and published'],
      ['apply -f connectors/ --connectors', 'connectors'],
      ['apply -f marketplace.yaml --marketplaces', 'a marketplace with its packages'],
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
    .addOption(new Option('--templates', 'they are templates of the partner').conflicts(['start', 'restart', 'finish']))
    .addOption(new Option('--promote', 'make drafts live').implies({ templates: true }))
    .addOption(new Option('--publish', 'make drafts live, and publish').implies({ templates: true, promote: true }))
    .addOption(new Option('--secrets', 'write also templates of which only secrets may differ').implies({ templates: true }))
    .addOption(new Option('--connectors', 'they are connectors of the partner').conflicts(OTHERS))
    .addOption(new Option('--marketplaces', 'they are marketplaces of the partner').conflicts(['connectors', ...OTHERS]))
    .action(async (options: Options, command: Command) => {
      const session = openSession(io, command)
      const files = await readDocuments(io, options.filename)
      if (options.marketplaces === true) return applyMarketplaces(session, files)
      if (options.connectors === true) return applyConnectors(session, files)
      const documents = validOnes(session, files.map(checkDocument), 'it is no cycle (it has no steps)')
      const { start = false, restart = false, finish, promote = false, publish = false, secrets = false } = options
      if (options.templates === true) await applyTemplates(session, documents, { promote, publish, secrets })
      else await applyCycles(session, documents, { start, restart, finishMs: finish })
    })
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new InvalidArgumentError('It must be a duration like 90s, 10m or 2h.')
  return ms
}

/** All of them, or none is applied. Throws what is wrong with them. */
function validOnes<D extends Named>({ note }: Session, checked: readonly Checked<D>[], passedOver: string): readonly Valid<D>[] {
  for (const { file } of checked.filter(({ state }) => state === 'other')) note(`${file.name}: passed over, ${passedOver}.`)
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

async function applyCycles(session: Session, documents: readonly Valid<CycleDocument>[], options: ApplyOptions): Promise<void> {
  const api = await session.account()
  const known = (await api.all('/cycles', cycle)).map(({ value }) => value)
  await applyAll(session, 'cycle', documents, async checked => {
    const { cycle: now, ...applied } = await applyDocument(api, checked, known, options)
    return { ...applied, now: now === undefined ? undefined : { id: now.Id, state: now.Status } }
  })
}

async function applyTemplates(session: Session, documents: readonly Valid<CycleDocument>[], options: TemplateOptions): Promise<void> {
  const api = session.partner()
  const known = (await api.all('/templates', template)).map(({ value }) => value)
  await applyAll(session, 'template', documents, async checked => {
    const { template: now, ...applied } = await applyTemplate(api, checked, known, options)
    return { ...applied, now: now === undefined ? undefined : { id: now.Id, state: now.Releases.at(-1)?.Status ?? '-' } }
  })
}

async function applyConnectors(session: Session, files: readonly DocumentFile[]): Promise<void> {
  const documents = validOnes(session, files.map(checkConnector), 'it is no connector (it has no methods)')
  const api = session.partner()
  const known = (await api.all('/connectors', connector)).map(({ value }) => value)
  await applyAll(session, 'connector', documents, async one => {
    const { connector: now, ...applied } = await applyConnector(api, one, known)
    return { ...applied, now: now === undefined ? undefined : { id: now.Id, state: now.Version } }
  })
}

async function applyMarketplaces(session: Session, files: readonly DocumentFile[]): Promise<void> {
  const documents = validOnes(session, files.map(checkMarketplace), 'it is no marketplace (it has no packages)')
  const api = session.partner()
  await applyAll(session, 'marketplace', documents, async one => {
    const { marketplace: now, ...applied } = await applyMarketplace(api, one)
    return { ...applied, now: now === undefined ? undefined : { id: String(now.Id), state: '-' } }
  })
}

async function applyAll<D extends Named>(
  session: Session,
  noun: string,
  documents: readonly Valid<D>[],
  apply: (checked: Valid<D>) => Promise<Omit<Outcome, 'file' | 'name'>>,
): Promise<void> {
  const outcomes: Outcome[] = []
  try {
    for (const checked of documents) outcomes.push({ file: checked.file, name: checked.document.name, ...(await apply(checked)) })
  } finally {
    // Also where the server went away in between: these are done.
    session.show(outcomes.map(asJson), () => words(session.io, outcomes))
  }
  const worst = outcomes
    .map(({ problem }) => problem?.exit)
    .toSorted(byCode)
    .at(-1)
  if (worst === undefined) return
  const failed = outcomes.filter(({ problem }) => problem !== undefined).length
  throw new CliError(worst, failed === 1 ? `1 of the ${noun}s is not as its document says.` : `${failed} of the ${noun}s are not as their documents say.`)
}

const byCode = (a: Exit | undefined, b: Exit | undefined): number => (a === undefined ? -1 : EXITS[a].code) - (b === undefined ? -1 : EXITS[b].code)

function words(io: Io, outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return ''
  const rows = outcomes.map(({ file, name, result, now }) => [result, name, now?.state ?? '-', now?.id ?? '-', file.name])
  const notes = outcomes.flatMap(({ file, name, problem, note }) => [
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

const asJson = ({ file, name, result, now, problem, note }: Outcome) => ({
  File: file.name,
  Name: name,
  Result: result,
  Id: now?.id ?? null,
  Status: now?.state ?? null,
  ...(problem === undefined ? {} : { Message: problem.message, ...problem.facts }),
  ...(note === undefined ? {} : { Note: note }),
})
