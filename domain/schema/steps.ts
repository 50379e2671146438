/** The step types and their properties (cycles.md 4). A step type is one entry here, one runner in the interpreter, and a test. */
import { z } from 'zod'
import type { Condition, StepType } from '../document.ts'
import { day, dynamicDuration, duration, isDynamic, json, named, next, required, STEP_ID, text, word } from './fields.ts'
import { auth, verify } from './verify.ts'

const base = {
  id: z
    .string()
    .regex(STEP_ID, 'A step id begins with a letter and goes on with letters, digits and _')
    .max(100)
    .meta({ description: 'The id of the step, unique in the document: a letter, then letters, digits and _. Merge fields and next name it.' }),
  name: required('What people see; default: the id.', 200).exactOptional(),
  description: text('A note that operators see.').exactOptional(),
}
const leads = { next: next('Where the path goes on.').exactOptional() }

const conditions = [
  'exists',
  'notExists',
  'equals',
  'notEquals',
  'contains',
  'notContains',
  'greaterThan',
  'greaterThanOrEqual',
  'lessThan',
  'lessThanOrEqual',
  'startsWith',
  'endsWith',
  'in',
  'matches',
] as const satisfies readonly Condition[]

const bodyType = word(['json', 'xml', 'form', 'text', 'html'], 'How the body is written. Default: json, or text where the body is a string.')

const STATUS = 'Must be a status from 200 to 599, or text with a merge field that gives one'
const status = z
  .union([z.int(STATUS).min(200, STATUS).max(599, STATUS), z.string().refine(value => isDynamic(value) || /^[2-5]\d\d$/.test(value), STATUS)], {
    error: STATUS,
  })
  .meta({ description: 'The HTTP status, 200 to 599. Default: 200.' })

const match = z
  .strictObject({
    request: required('A path into the incoming request: body.orderId, headers.x-order, query.id.', 500),
    transaction: required("A path into the transaction's data: order.body.id.", 500),
  })
  .meta({ description: 'Which transaction a request runs on: the most recent one in which both values are equal. Required on every webhook but the trigger.' })

export const stepSchemas = {
  webhook: z
    .strictObject({
      ...base,
      type: z
        .literal('webhook')
        .meta({ description: 'Waits for a request to its own URL: the trigger where it is the first step, else it holds the transaction.' }),
      ...leads,
      match: match.exactOptional(),
      earlyArrivalWindow: duration('How long a request that matches nothing is kept for a transaction to come. Default: 1m; 0s turns it off.', {
        max: 31 * day,
        told: 'at most 31d',
      }).exactOptional(),
      script: required('JavaScript with before_webhook and after_webhook, run for each request.', 262_144).exactOptional(),
      scriptParameters: named('What the script sees as script_parameters.').exactOptional(),
      verify: verify.exactOptional(),
    })
    .meta({ title: 'webhook', description: 'An inbound webhook. Its data: body, headers, query, method.' }),
  synchronousResponse: z
    .strictObject({
      ...base,
      type: z.literal('synchronousResponse').meta({ description: 'Answers the held connection; the transaction goes on.' }),
      ...leads,
      status: status.exactOptional(),
      headers: named('Headers of the answer.').exactOptional(),
      body: json('The body of the answer.').exactOptional(),
      bodyType: bodyType.exactOptional(),
    })
    .meta({ title: 'synchronousResponse', description: 'Answers the sender of the webhook that this run began with.' }),
  request: z
    .strictObject({
      ...base,
      type: z.literal('request').meta({ description: 'An HTTP call. 2xx succeeds, anything else is a step error.' }),
      ...leads,
      method: z
        .string()
        .refine(value => isDynamic(value) || /^[A-Za-z][A-Za-z-]{0,30}$/.test(value), 'Must be an HTTP method, such as GET or POST')
        .meta({ description: 'The HTTP method.', examples: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] }),
      url: z
        .string()
        .refine(
          value => isDynamic(value) || (/^https?:\/\/[^/?#]/i.test(value) && URL.canParse(value)),
          'Must be an address that begins with http:// or https://',
        )
        .meta({ description: 'The address: http:// or https://.' }),
      query: named('Query parameters; a list becomes a repeated parameter.').exactOptional(),
      headers: named('Headers.').exactOptional(),
      body: json('The body.').exactOptional(),
      bodyType: bodyType.exactOptional(),
      auth: auth.exactOptional(),
      timeout: duration('How long one try may take. Default: 30s.', { min: 1, max: 600_000, told: 'at most 600s' }).exactOptional(),
      onError: z.literal('stopTransaction').meta({ description: 'What an error of this step does. Default: as onStepError of the settings.' }).exactOptional(),
    })
    .meta({ title: 'request', description: 'An HTTP call. Its data: status, headers, body.' }),
  script: z
    .strictObject({
      ...base,
      type: z.literal('script').meta({ description: 'Runs JavaScript in a sandbox without I/O.' }),
      ...leads,
      source: required('JavaScript that defines function run(input); what it returns is the body of the step data.', 262_144),
      input: json('The argument of run.').exactOptional(),
    })
    .meta({ title: 'script', description: 'JavaScript of your own. Its data: body.' }),
  decision: z
    .strictObject({
      ...base,
      type: z.literal('decision').meta({ description: 'Leaves by true or by false.' }),
      left: json('The left side, mostly a merge field.'),
      condition: word(conditions, 'How the sides are compared: numbers (also as text) as numbers, ISO dates as instants, else as text.'),
      right: json('The right side; exists and notExists need none.').exactOptional(),
      true: next('Where the path goes on where the condition holds.').exactOptional(),
      false: next('Where the path goes on where it does not hold.').exactOptional(),
    })
    .meta({ title: 'decision', description: 'Compares two values.' }),
  delay: z
    .strictObject({
      ...base,
      type: z.literal('delay').meta({ description: 'Waits, durably.' }),
      ...leads,
      for: dynamicDuration('How long.', { max: 366 * day, told: 'at most 366d' }),
    })
    .meta({ title: 'delay', description: 'Waits a while. It survives restarts.' }),
} satisfies { readonly [T in StepType]: z.ZodType }

export const step = z.discriminatedUnion('type', [
  stepSchemas.webhook,
  stepSchemas.synchronousResponse,
  stepSchemas.request,
  stepSchemas.script,
  stepSchemas.decision,
  stepSchemas.delay,
])
