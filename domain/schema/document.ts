/** The schema of the whole document (cycles.md 1). */
import { z } from 'zod'
import { day, duration, errorRule, json, required, retries, text, word } from './fields.ts'
import { step } from './steps.ts'

export const variable = z
  .strictObject({
    name: required('The name that merge fields use: {{variables.NAME}}.', 200),
    label: text('What people see; default: the name.', 200).exactOptional(),
    description: text('What it is for.').exactOptional(),
    value: json('Its value.').exactOptional(),
    userConfigurable: z.boolean().meta({ description: 'Asked for at install.' }).exactOptional(),
    required: z
      .boolean()
      .meta({ description: 'The cycle cannot start without a value. Default: true when user configurable and without value.' })
      .exactOptional(),
    options: z
      .array(z.strictObject({ label: required('What people see.', 200), value: json('The value.') }))
      .max(1000)
      .meta({ description: 'The values to choose from.' })
      .exactOptional(),
    secret: z
      .boolean()
      .meta({ description: 'Never shown, logged, or put in clear into Temporal. For url, query, headers, body and auth of request steps only.' })
      .exactOptional(),
  })
  .meta({ title: 'variable', description: 'A value that the steps share.' })

const kept = (description: string) => duration(description, { max: 31 * day, told: 'at most 31d' }).exactOptional()

export const retention = z
  .strictObject({
    success: kept('How long completed transactions are kept. Default: 31d.'),
    errored: kept('How long errored and stopped transactions are kept. Default: 31d.'),
  })
  .meta({ description: 'How long transactions are kept after the end of their latest run.' })

export const settings = z
  .strictObject({
    onStepError: errorRule('What a step error does. Default: stopTransaction.').exactOptional(),
    ...retries,
    syncTimeout: duration('How long a synchronous webhook is held before it is answered 504. Default: 60s.', {
      min: 1,
      max: 600_000,
      told: 'at most 600s',
    }).exactOptional(),
    maxConcurrency: z
      .int()
      .min(1)
      .max(1_000_000)
      .meta({ description: 'At most this many transactions run at once; 1 runs them strictly in order.' })
      .exactOptional(),
    retention: retention.exactOptional(),
    log: word(['requests', 'none'], 'Whether requests are logged. Default: requests.').exactOptional(),
  })
  .meta({ title: 'settings', description: 'How the cycle runs.' })

export const documentSchema = z
  .strictObject({
    name: required('The name of the cycle.', 200),
    description: text('What it does.').exactOptional(),
    tags: z.array(required('A tag.', 100)).max(100).meta({ description: 'Words to find it by.' }).exactOptional(),
    variables: z.array(variable).max(500).meta({ description: 'Values that the steps share, some asked for at install.' }).exactOptional(),
    settings: settings.exactOptional(),
    steps: z.array(step).min(2).max(500).meta({ description: 'The steps, 2 to 500. The first one is the trigger.' }),
  })
  .meta({ title: 'Flywheel cycle', description: 'A cycle: an integration that webhooks start and Temporal runs.' })
