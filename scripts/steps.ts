/** Writes `docs/steps.md` from the schemas of the steps and from `docs/steps/`; with `--check` it only says whether the committed page is that. */
import type { Json } from '../domain/json.ts'
import { stepErrors, type StepErrorCode } from '../domain/errors.ts'
import { stepSchemas } from '../domain/schema/steps.ts'
import { generate } from './generated.ts'
import { readExample, readManifest, type ExampleRun, type Manifest, type StepExample } from './steps/examples.ts'
import { commonProperties, descriptionOf, propertiesOf, type Property } from './steps/properties.ts'

const INTRODUCTION = `# The steps

Every type of step: its properties, its data, its errors, and examples. This page is generated from the schema that documents are
checked with and from [steps/](steps/): \`npm run steps\`. The tests create, start and run each example as it stands here, and compare
what comes of it. \`http://localhost:4010\` stands for another system.

Merge fields, \`{{ path }}\`, may stand in any text: \`{{order.body.id}}\` is a value of the data of the step \`order\`. Where nothing else stands
in the text it becomes the value itself.
`

const ERRORS_INTRODUCTION = `A step that fails makes an _incident_ with one of these messages. What becomes of the transaction says the error rule: \`onError\` of a
\`request\` or \`method\`, else \`onStepError\` of the document's \`settings\`, else \`stopTransaction\`. One path's \`stopTransaction\` ends the whole run.
`

/** Of each message: where it comes from. Those without are kept for connectors. */
const MEANINGS: { readonly [Code in StepErrorCode]?: string } = {
  callFailed: 'A call, or a script around it, failed; a script step failed.',
  buildFailed: 'A value, a URL or a body that the step needs cannot be built.',
  badResponse: 'An answer or a result is too large or not what it says to be; the data of all steps together is too large.',
  notSplit: 'What `split` names is no list.',
  responseNotBuilt: 'An answer cannot be built.',
  responseNotReturned: 'A warning: the sender has its answer already.',
  waitFailed: 'The inline script of a `waitUntil` failed.',
  waitTooLong: 'The `at` of a `waitUntil` is later than the transaction is kept.',
  notDateTime: 'The `at` of a `waitUntil` became no instant.',
  waitMissing: 'The `at` of a `waitUntil` became nothing.',
  sourceEmpty: "A required parameter of a connector's method has no value.",
  outOfRetries: 'The last retry failed; the detail says with what.',
  notAuthenticated: 'The account has not authenticated the connector, or the application no longer takes its credentials.',
  fieldsMissing: "An answer has not the part that the connector's method names.",
  transactionStopped: 'The transaction took more than 10,000 step executions (`MAX_STEP_EXECUTIONS`). It cannot be mended.',
  webhookFailed: 'A request to a webhook was accepted or refused, and its script or its start failed; not an error of a step.',
  sourceNotFound: 'A warning: a request matched no transaction. An error: the step that a queued request was for is no longer there.',
  triggerSkipped: 'A warning: a run of a schedule fell due while the previous one ran.',
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
const table = (head: readonly string[], lines: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...lines].map(line => `| ${line.map(cell).join(' | ')} |`).join('\n')

const properties = (of: readonly Property[]): string =>
  table(
    ['property', 'required', 'values', 'meaning'],
    of.map(({ name, required, values, meaning }) => [`\`${name}\``, required ? 'yes' : '', values, meaning]),
  )

function runLines(run: ExampleRun): string {
  const sent = run.requests.map(({ step, headers, query, body, answer }) => {
    const told = [step === undefined ? '' : ` to ${code(step)}`, query === undefined ? '' : ` with ${code(query)}`]
    const more = Object.entries(headers ?? {}).map(([name, value]) => ` with ${code(`${name}: ${value}`)}`)
    return `${code(body)}${[...told, ...more].join('')} is answered ${answer.status}${answer.body === undefined ? '' : ` ${code(answer.body)}`}`
  })
  const remote = Object.entries(run.remote).map(([path, answers]) => {
    const told = answers.map(({ status, headers = {}, body }) =>
      [String(status), ...Object.entries(headers).map(([name, value]) => code(`${name}: ${value}`)), ...(body === undefined ? [] : [code(body)])].join(' '),
    )
    return `${code(path)} of the other system answers ${told.join(', then ')}`
  })
  const comes = [
    ...(run.status === undefined ? ['no transaction is made'] : [`the transaction is **${run.status}**`]),
    ...(run.cycle === undefined ? [] : [`the cycle is **${run.cycle}**`]),
    ...run.incidents.map(incident => `incident _${incident}_`),
    ...Object.entries(run.steps).map(([step, data]) => `the data of ${code(step)}: ${code(data)}`),
    ...Object.entries(run.received).map(([path, bodies]) => `${code(path)} got ${bodies.map(code).join(' and ')}`),
  ]
  return `- ${[...sent, ...remote].join('; ') || 'Nothing is sent'}.\n${comes.map(line => `  - ${line}`).join('\n')}`
}

const exampleText = (level: string, { file, title, text, connector, runs }: StepExample): string =>
  [
    `${level} ${title}`,
    ...(connector === undefined ? [] : [`\`\`\`yaml\n${readExample(connector).trimEnd()}\n\`\`\``]),
    ...(text === undefined ? [] : [text.trim()]),
    `\`\`\`yaml\n${readExample(file).trimEnd()}\n\`\`\``,
    runs.map(runLines).join('\n'),
  ].join('\n\n')

function stepText(type: keyof typeof stepSchemas, { steps }: Manifest): string {
  const own = steps.get(type)
  if (own === undefined) throw new Error(`docs/steps/examples.yaml says nothing of ${type}`)
  const rows = propertiesOf(type)
  const errors = Object.entries(own.errors).map(([name, when]) => [`_${messageOf(name)}_`, when])
  return [
    `## ${type}`,
    descriptionOf(type),
    rows.length === 0 ? 'No properties of its own.' : properties(rows),
    `**Data:** ${own.data}`,
    errors.length === 0 ? '**Errors:** none of its own.' : `**Errors:**\n\n${table(['incident', 'when'], errors)}`,
    ...own.examples.map(example => exampleText('###', example)),
  ].join('\n\n')
}

const isCode = (name: string): name is StepErrorCode => Object.hasOwn(stepErrors, name)

function messageOf(name: string): string {
  if (!isCode(name)) throw new Error(`docs/steps/examples.yaml: there is no step error ${name}`)
  return stepErrors[name].message
}

/** Nothing as such; anything else as JSON. */
const side = (value: Json): string => (value === null ? 'nothing' : `\`${JSON.stringify(value)}\``)

const conditionsText = ({ conditions }: Manifest): string =>
  [
    '## Conditions',
    'Numbers, and texts that are numbers, compare as numbers, ISO dates as instants, all else as text. Objects and lists have no order; they are equal where all of them is. _Nothing_ is a missing value as well as `null`. `matches` finds a regular expression of RE2 anywhere in the text.',
    table(
      ['left', 'condition', 'right', ''],
      conditions.map(({ left, name, right, holds }) => [
        side(left),
        `\`${name}\``,
        name === 'exists' || name === 'notExists' ? '' : side(right),
        holds ? 'holds' : 'does not hold',
      ]),
    ),
  ].join('\n\n')

const errorsText = ({ rules }: Manifest): string =>
  [
    '## Errors',
    ERRORS_INTRODUCTION.trim(),
    table(
      ['message', ''],
      Object.entries(MEANINGS).map(([name, meaning]) => [`_${messageOf(name)}_`, meaning]),
    ),
    ...rules.map(rule => exampleText('###', rule)),
  ].join('\n\n')

/** The page. */
function stepsPage(): string {
  const manifest = readManifest()
  const types = Object.keys(stepSchemas).filter((type): type is keyof typeof stepSchemas => Object.hasOwn(stepSchemas, type))
  const common = ['## Every step', properties(commonProperties()), '`decision` and `switch` have no `next`: they lead on by their own exits.'].join('\n\n')
  return `${[INTRODUCTION.trim(), common, ...types.map(type => stepText(type, manifest)), conditionsText(manifest), errorsText(manifest)].join('\n\n')}\n`
}

await generate([{ path: 'docs/steps.md', make: stepsPage }], 'npm run steps')
