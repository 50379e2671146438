/** The step types and their properties (cycles.md 4). A step type is one entry here, one runner in the interpreter, and a test. */
import { z } from 'zod'
import { cronProblem } from '../cron.ts'
import type { Condition, StepType } from '../document.ts'
import { instantOf } from '../instant.ts'
import { timezoneOf } from '../timezone.ts'
import { bodyType, day, dynamicDuration, duration, errorRule, isDynamic, json, named, next, required, retries, STEP_ID, text, word } from './fields.ts'
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

const STATUS = 'Must be a status from 200 to 599, or text with a merge field that gives one'
const status = z
  .union([z.int(STATUS).min(200, STATUS).max(599, STATUS), z.string().refine(value => isDynamic(value) || /^[2-5]\d\d$/.test(value), STATUS)], {
    error: STATUS,
  })
  .meta({ description: 'The HTTP status, 200 to 599. Default: 200.' })

const splitPath = (from: string) =>
  required(
    `A path in the step's own data to a list, such as ${from}: each element goes on in a transaction of its own, with item, index and total.`,
    500,
  ).exactOptional()

const OFFSET = /^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)?)?$/

const startAt = z
  .string()
  .regex(OFFSET, { abort: true, error: 'Must be an instant in ISO 8601, such as 2030-01-31T06:00:00Z' })
  .refine(text => instantOf(text) !== undefined, { abort: true, error: 'Is a time that no calendar and no clock has' })
  .refine(text => text < '2100', 'Must be before the year 2100: Temporal knows no later runs')
  .meta({
    description:
      'The first run, in ISO 8601; without an offset in the time zone. Default: one interval after the start of the cycle. With cron: no run before it. One that is past only says from where the intervals count.',
  })

const match = z
  .strictObject({
    request: required('A path into the incoming request: body.orderId, headers.x-order, query.id.', 500),
    transaction: required("A path into the transaction's data: order.body.id.", 500),
  })
  .meta({ description: 'Which transaction a request runs on: the most recent one in which both values are equal. Required on every webhook but the trigger.' })

/** What steps that call other systems have in common. */
const called = {
  timeout: duration('How long one try may take. Default: 30s.', { min: 1, max: 600_000, told: 'at most 600s' }).exactOptional(),
  onError: errorRule('What an error of this step does. Default: as onStepError of the settings.').exactOptional(),
  ...retries,
  split: splitPath('body.items'),
  script: required('JavaScript with before_action, after_action and after_error, run around the call.', 262_144).exactOptional(),
  scriptParameters: named('What the script sees as script_parameters.').exactOptional(),
}

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
      connector: required(
        'The name of a connector, whose script runs before that of the step and whose partner webhook brings events. With method.',
        200,
      ).exactOptional(),
      method: required('The id of a method of type webhook of that connector.', 100).exactOptional(),
      script: required('JavaScript with before_webhook and after_webhook, run for each request.', 262_144).exactOptional(),
      scriptParameters: named('What the script sees as script_parameters.').exactOptional(),
      verify: verify.exactOptional(),
      split: splitPath('body.items'),
    })
    .meta({ title: 'webhook', description: 'An inbound webhook. Its data: body, headers, query, method.' }),
  schedule: z
    .strictObject({
      ...base,
      type: z.literal('schedule').meta({ description: 'Starts a transaction on a timer: the trigger only.' }),
      ...leads,
      every: duration('The interval between two runs, in whole seconds.', { min: 1_000, max: 366 * day, told: '1s to 366d', unit: 1_000 }).exactOptional(),
      cron: text('When it runs.', 200)
        .superRefine((text, context) => {
          const message = cronProblem(text)
          if (message !== undefined) context.addIssue({ code: 'custom', message })
        })
        .meta({
          description:
            'When it runs: minute, hour, day of the month, month, day of the week, in the time zone. Where both kinds of day are restricted, either of them is enough.',
          examples: ['0 6 * * 1-5'],
        })
        .exactOptional(),
      timezone: z
        .string()
        .refine(name => timezoneOf(name) !== undefined, 'Must be an IANA time zone, such as Europe/Berlin')
        .meta({ description: "The IANA time zone of cron and startAt. Default: the account's, as it is when the cycle starts.", examples: ['Europe/Berlin'] })
        .exactOptional(),
      startAt: startAt.exactOptional(),
      runOnce: z.boolean().meta({ description: 'One run; then the cycle is Stopped.' }).exactOptional(),
    })
    .meta({
      title: 'schedule',
      description:
        'A trigger on a timer. Its data: scheduledAt, when the run fell due, and startedAt, when it was taken (ISO 8601, UTC). A run that falls due while the previous one runs is skipped.',
    }),
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
    .meta({
      title: 'synchronousResponse',
      description: 'Answers the sender of the webhook that this run began with; a run that a schedule began has none, and goes on.',
    }),
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
      ...called,
    })
    .meta({ title: 'request', description: 'An HTTP call. Its data: status, headers, body.' }),
  method: z
    .strictObject({
      ...base,
      type: z.literal('method').meta({ description: "A call of a connector's method. 2xx succeeds, anything else is a step error." }),
      ...leads,
      connector: required('The name of the connector.', 200),
      method: required('The id of the method.', 100),
      parameters: named('The parameters of the method, by name; one whose value is missing is left out.').exactOptional(),
      fields: json('The body; an object is laid over the body of the method.').exactOptional(),
      query: named('Further query parameters.').exactOptional(),
      headers: named('Further headers.').exactOptional(),
      bodyType: bodyType.exactOptional(),
      ...called,
    })
    .meta({ title: 'method', description: "A call of a connector's method. Its data: status, headers, body." }),
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
  switch: z
    .strictObject({
      ...base,
      type: z.literal('switch').meta({ description: 'Leaves by the first case that equals.' }),
      value: json('What is compared, mostly a merge field.'),
      cases: z
        .array(
          z.strictObject({
            equals: json('The value of this case: numbers (also as text) as numbers, ISO dates as instants, else as text.'),
            next: next('Where the path goes on in this case.').exactOptional(),
          }),
        )
        .min(1)
        .max(500)
        .meta({ description: 'The cases, looked at in order.' }),
      default: next('Where the path goes on where no case equals.').exactOptional(),
    })
    .meta({ title: 'switch', description: 'Chooses one of several ways by a value.' }),
  delay: z
    .strictObject({
      ...base,
      type: z.literal('delay').meta({ description: 'Waits, durably.' }),
      ...leads,
      for: dynamicDuration('How long.', { max: 366 * day, told: 'at most 366d' }),
    })
    .meta({ title: 'delay', description: 'Waits a while. It survives restarts.' }),
  waitUntil: z
    .strictObject({
      ...base,
      type: z.literal('waitUntil').meta({ description: 'Waits until an instant, durably.' }),
      ...leads,
      at: z
        .string()
        .refine(value => isDynamic(value) || OFFSET.test(value), 'Must be an instant in ISO 8601, such as 2030-01-31T06:00:00Z, or text with merge fields')
        .meta({ description: "The instant, in ISO 8601; without an offset in the account's time zone. One that is past: goes on at once." }),
    })
    .meta({ title: 'waitUntil', description: 'Waits until an instant.' }),
  waitAll: z
    .strictObject({
      ...base,
      type: z.literal('waitAll').meta({ description: 'Waits for every other path and split item of the run, then goes on once.' }),
      ...leads,
    })
    .meta({ title: 'waitAll', description: 'The join of paths and split items. Its data: completed, errored, stopped.' }),
} satisfies { readonly [T in StepType]: z.ZodType }

export const step = z.discriminatedUnion('type', [
  stepSchemas.webhook,
  stepSchemas.schedule,
  stepSchemas.synchronousResponse,
  stepSchemas.request,
  stepSchemas.method,
  stepSchemas.script,
  stepSchemas.decision,
  stepSchemas.switch,
  stepSchemas.delay,
  stepSchemas.waitUntil,
  stepSchemas.waitAll,
])
