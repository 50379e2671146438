/** `flywheel validate`: documents checked without a server. */
import type { Command } from 'commander'
import { checkDocument, problemLine, type Checked } from '../documents.ts'
import { CliError } from '../exit.ts'
import { readDocuments } from '../files.ts'
import type { Io } from '../io.ts'
import { openSession } from '../session.ts'
import { add } from './command.ts'

export function addValidate(program: Command, io: Io): void {
  add(program, {
    name: 'validate',
    summary: 'Checks documents without a server',
    description:
      'Tells all problems of each, with line and column. Of a folder all YAML and JSON files with steps are checked. Ends with 4 where one is not valid.',
    examples: [
      ['validate order.yaml', 'one file'],
      ['validate cycles/ --json', 'all files of a folder'],
      ['validate - < order.yaml', 'standard input'],
    ],
  })
    .argument('<file...>', 'files or folders; - for standard input')
    .action(async (names: readonly string[], _: object, command: Command) => {
      const session = openSession(io, command)
      const checked = (await readDocuments(io, names)).map(checkDocument).filter(each => each.state !== 'other')
      if (checked.length === 0) throw new CliError('usage', `There is no document in ${names.join(', ')}.`)
      session.show(checked.map(asJson), () => checked.map(words).join(''))
      const wrong = checked.filter(each => each.state === 'invalid').length
      if (wrong > 0) throw new CliError('invalid', wrong === 1 ? '1 document is not valid.' : `${wrong} documents are not valid.`)
    })
}

const words = (checked: Checked<unknown>): string =>
  checked.state === 'invalid' ? checked.problems.map(problem => `${problemLine(checked.file, problem)}\n`).join('') : `${checked.file.name}: valid\n`

const asJson = (checked: Checked<unknown>) => ({
  File: checked.file.name,
  Valid: checked.state === 'valid',
  Problems:
    checked.state === 'invalid'
      ? checked.problems.map(({ path, message, place }) => ({ Path: path, Line: place.line, Column: place.column, Message: message }))
      : [],
})
