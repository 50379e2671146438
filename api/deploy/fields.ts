/** What deploy calls read (marketplace.md 3): flags and numbers also as text, and one where a list may stand. */
import { z } from 'zod'
import type { ConnectorAuthentication } from '../../storage/sign-in.ts'
import { origin } from '../routes/fields.ts'

/** Absent, null and an empty text are the default. */
export const flag = (otherwise: boolean) =>
  z
    .union(
      [
        z.boolean(),
        z
          .string()
          .trim()
          .toLowerCase()
          .pipe(z.enum(['true', 'false', '']))
          .transform(text => (text === '' ? otherwise : text === 'true')),
      ],
      'must be true or false',
    )
    .nullish()
    .transform(value => value ?? otherwise)
    .describe(`Also as text. Default: ${otherwise}.`)

export const integer = z
  .union(
    [
      z.int().min(1),
      z
        .string()
        .trim()
        .regex(/^[1-9]\d{0,14}$/),
    ],
    'must be an integer',
  )
  .transform(String)

/** Text; a number or a boolean is read as such. */
export const text = (max: number) =>
  z
    .union([z.string(), z.number(), z.boolean()], 'must be text')
    .transform(String)
    .refine(value => value.length <= max, `must be at most ${max} characters`)

const authentication = z.object({
  name: text(200).refine(value => value !== '', 'must name a connector'),
  authValue: text(10_000).nullish().describe('Key or token.'),
  username: text(1_000).nullish(),
  password: text(10_000).nullish(),
  properties: z
    .array(z.object({ name: text(200), value: text(10_000) }))
    .max(100)
    .nullish()
    .describe('Its settings.'),
})

/** Of both calls. */
export const shared = {
  accountName: text(200).nullish().describe('Of an account that does not exist yet; default: its API id.'),
  accountDescription: text(4_000).nullish().describe('Of an account that does not exist yet.'),
  inlineOAuth: flag(false),
  connectorAuthentications: z
    .union(
      [z.array(authentication).max(100), authentication],
      'must be { Name, AuthValue?, Username?, Password?, Properties?: [{ Name, Value }] }, or a list of them',
    )
    .nullish()
    .describe('A list, or one by itself: applied before the user is asked.'),
  completeParameter: text(10_000).nullish().describe('Comes back with results and notifications.'),
  targetOrigin: z
    .union([origin, z.literal('').transform(() => null)])
    .nullish()
    .describe('To which the complete page posts its result.'),
}

type Sent = z.output<typeof shared.connectorAuthentications>

export function authenticationsOf(sent: Sent): readonly ConnectorAuthentication[] {
  return [sent ?? []].flat().map(({ name, authValue, username, password, properties }) => ({
    name,
    ...(authValue === undefined || authValue === null ? {} : { authValue }),
    ...(username === undefined || username === null ? {} : { username }),
    ...(password === undefined || password === null ? {} : { password }),
    properties: properties ?? [],
  }))
}
