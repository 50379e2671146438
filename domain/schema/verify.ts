/** How a webhook step verifies its senders (webhooks.md 10), and how a request authenticates itself. */
import { z } from 'zod'
import { MASK } from '../secrets.ts'
import { required, text, word } from './fields.ts'

const HEADER = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const header = (description: string) => z.string().regex(HEADER, 'Must be the name of a header, such as X-Signature').max(200).meta({ description })

/** One merge field (webhooks.md 10): of what, `step-rules.ts` looks at. */
const FIELD = /^\s*\{\{[^{}]*\}\}\s*$/

const shown = `It is stored encrypted and shown as ${MASK}; saving that keeps it.`

const standardSecret = z
  .string()
  .refine(value => FIELD.test(value) || value === MASK || /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(value), 'Must be whsec_ and base64, as the sender shows it')
  .meta({ description: `The secret, whsec_ and base64, or one merge field of a secret variable. ${shown}` })

/** A secret of any form. */
const secret = (description: string) => z.string().min(1).max(10_000).meta({ description })

export const verifySchemes = {
  standardWebhooks: z.strictObject({
    scheme: z.literal('standardWebhooks').meta({ description: 'Signed as Standard Webhooks says: webhook-id, webhook-timestamp and webhook-signature.' }),
    secret: standardSecret,
  }),
  hmac: z.strictObject({
    scheme: z.literal('hmac').meta({ description: 'An HMAC of the raw body stands in a header.' }),
    secret: secret(`The secret, taken as UTF-8, or one merge field of a secret variable. ${shown}`),
    header: header('The header that holds the signature.'),
    algorithm: word(['sha256', 'sha1', 'sha512'], 'The hash function.'),
    encoding: word(['hex', 'base64'], 'How the signature is written; hexadecimal in either case.'),
    prefix: text('Text before the signature in the header, such as sha256=', 100).exactOptional(),
  }),
  basic: z.strictObject({
    scheme: z.literal('basic').meta({ description: 'HTTP basic authentication.' }),
    username: required('The user name that the sender gives.'),
    password: secret(`The password that the sender gives, or one merge field of a secret variable. ${shown}`),
  }),
  header: z.strictObject({
    scheme: z.literal('header').meta({ description: 'A header holds an agreed value. It is not stored.' }),
    header: header('The header.'),
    value: secret(`The agreed value, or one merge field of a secret variable. ${shown}`),
  }),
}

export const verify = z
  .discriminatedUnion('scheme', [verifySchemes.standardWebhooks, verifySchemes.hmac, verifySchemes.basic, verifySchemes.header])
  .meta({ description: 'Who may send: a POST that fails it is answered 401.' })

export const authTypes = {
  basic: z.strictObject({
    type: z.literal('basic').meta({ description: 'HTTP basic authentication.' }),
    username: text('The user name.'),
    password: text('The password; best a secret variable.'),
  }),
  bearer: z.strictObject({ type: z.literal('bearer').meta({ description: 'Authorization: Bearer.' }), token: text('The token; best a secret variable.') }),
  header: z.strictObject({
    type: z.literal('header').meta({ description: 'A header of its own.' }),
    header: header('The header.'),
    value: text('Its value; best a secret variable.'),
  }),
}

export const auth = z
  .discriminatedUnion('type', [authTypes.basic, authTypes.bearer, authTypes.header])
  .meta({ description: 'How the request authenticates itself.' })
