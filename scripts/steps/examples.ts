/** The examples of the step reference, `docs/steps/`: documents, and the manifest that says what comes of them. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

const FOLDER = resolve(import.meta.dirname, '../../docs/steps')

/** The other side of the examples, as their documents name it. */
export const REMOTE = 'http://localhost:4010'

const texts = z.record(z.string(), z.string())

const answer = z.strictObject({ status: z.int(), headers: texts.exactOptional(), body: z.unknown().optional() })
const request = z.strictObject({
  /** The webhook step; left out: the trigger. */
  step: z.string().exactOptional(),
  headers: texts.exactOptional(),
  query: z.string().exactOptional(),
  body: z.unknown(),
  answer: answer.omit({ headers: true }),
})
const run = z.strictObject({
  requests: z.array(request),
  remote: z.record(z.string(), z.array(answer.extend({ status: z.int().default(200) }))).default({}),
  /** Left out: no transaction is made. */
  status: z.string().exactOptional(),
  steps: z.record(z.string(), z.unknown()).default({}),
  incidents: z.array(z.string()).default([]),
  received: z.record(z.string(), z.array(z.unknown())).default({}),
  cycle: z.string().exactOptional(),
})
const example = z.strictObject({
  file: z.string(),
  title: z.string(),
  text: z.string().exactOptional(),
  /** File of the connector that its steps name. */
  connector: z.string().exactOptional(),
  runs: z.array(run).min(1),
})
const step = z.strictObject({ data: z.string(), errors: texts, examples: z.array(example).min(1) })
const condition = z.tuple([z.json(), z.string(), z.json(), z.boolean()]).transform(([left, name, right, holds]) => ({ left, name, right, holds }))
const manifest = z
  .object({ rules: z.array(example), conditions: z.array(condition) })
  .catchall(step)
  .transform(({ rules, conditions, ...steps }) => ({ rules, conditions, steps: new Map(Object.entries(steps)) }))

export type StepExample = z.infer<typeof example>
export type ExampleRun = z.infer<typeof run>
export type Manifest = z.infer<typeof manifest>

/** Throws where the manifest is not as it should be. */
export const readManifest = (): Manifest => manifest.parse(parse(readFileSync(join(FOLDER, 'examples.yaml'), 'utf8')))

export const readExample = (file: string): string => readFileSync(join(FOLDER, file), 'utf8')
