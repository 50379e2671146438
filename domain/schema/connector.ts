/** The schema of the connector document (connectors.md 1). */
import { z } from 'zod'
import { bodyType, duration, json, named, required, STEP_ID, text, word } from './fields.ts'

const httpMethod = z
  .string()
  .regex(/^[A-Za-z][A-Za-z-]{0,30}$/, 'Must be an HTTP method, such as GET or POST')
  .meta({ description: 'The HTTP method.', examples: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] })

const path = z
  .string()
  .max(10_000)
  .startsWith('/', 'Must begin with /: it stands behind the baseUrl')
  .meta({ description: 'The path behind the baseUrl, with a query where there is one. Merge fields in it are percent-encoded.', examples: ['/orders'] })

const callShape = {
  method: httpMethod,
  path,
  query: named('Query parameters; one whose value is a missing merge field is left out.').exactOptional(),
  headers: named('Headers; one whose value is a missing merge field is left out.').exactOptional(),
  body: json('The body. The fields of a step are laid over it.').exactOptional(),
  bodyType: bodyType.exactOptional(),
}

const call = (description: string) => z.strictObject(callShape).meta({ description })

const NAME = /^[A-Za-z_][\w-]*$/
const name = (description: string) =>
  z.string().regex(NAME, 'A name begins with a letter or _ and goes on with letters, digits, _ and -').max(100).meta({ description })

const parameter = (description: string) =>
  z
    .strictObject({
      name: name('The name that merge fields use.'),
      label: text('What people see; default: the name.', 200).exactOptional(),
      description: text('What it is for.').exactOptional(),
      required: z.boolean().meta({ description: 'Whether it must be given. Default: false.' }).exactOptional(),
    })
    .meta({ description })

const dynamicUrl = (description: string) =>
  z
    .string()
    .max(2_000)
    .refine(
      value => value.startsWith('{{') || /^https?:\/\/[^/?#]/i.test(value),
      'Must be an address that begins with http:// or https://, or with a merge field',
    )
    .meta({ description })

const PATH = 'A path into the answer, such as'

export const authentications = {
  none: z.strictObject({ type: z.literal('none').meta({ description: 'No authentication: no account connector is needed.' }) }),
  apiKey: z.strictObject({
    type: z.literal('apiKey').meta({ description: 'A key in a header or in the query.' }),
    in: word(['header', 'query'], 'Where the key stands.'),
    name: required('The name of the header or query parameter.', 200),
  }),
  basic: z.strictObject({ type: z.literal('basic').meta({ description: 'User name and password, as HTTP basic authentication.' }) }),
  bearer: z.strictObject({ type: z.literal('bearer').meta({ description: 'A token, as Authorization: Bearer.' }) }),
  oauth2: z.strictObject({
    type: z.literal('oauth2').meta({ description: 'OAuth 2.0. Client id and secret are set on the connector over the API.' }),
    grant: word(['authorizationCode', 'clientCredentials'], 'How tokens are got.'),
    authorizeUrl: dynamicUrl('Where users are sent; for authorizationCode.').exactOptional(),
    tokenUrl: dynamicUrl('Where tokens come from.'),
    scopes: z.array(required('A scope.', 500)).max(200).meta({ description: 'What is asked for.' }).exactOptional(),
    pkce: z.boolean().meta({ description: 'Whether PKCE is used. Default: true.' }).exactOptional(),
  }),
}

const items = required('A path into the body of the answer to the list, such as orders. Left out, the body is the list.', 500).exactOptional()
const parameterName = (description: string) => required(description, 200)
const size = z
  .strictObject({ parameter: parameterName('The query parameter that says how many.'), value: z.int().min(1).max(100_000).meta({ description: 'How many.' }) })
  .meta({ description: 'How many elements a page has: a shorter one is the last.' })
  .exactOptional()

export const pagings = {
  page: z.strictObject({
    type: z.literal('page').meta({ description: 'Pages are numbered, from 1.' }),
    parameter: parameterName('The query parameter for the number of the page.'),
    size,
    items,
  }),
  offset: z.strictObject({
    type: z.literal('offset').meta({ description: 'A page begins behind so many elements, the first at 0.' }),
    parameter: parameterName('The query parameter for the offset.'),
    size,
    items,
  }),
  cursor: z.strictObject({
    type: z.literal('cursor').meta({ description: 'Each answer says where the next page begins.' }),
    parameter: parameterName('The query parameter for the cursor.'),
    next: required(`${PATH} body.next, to the next cursor.`, 500),
    items,
  }),
  link: z.strictObject({ type: z.literal('link').meta({ description: 'The header Link names the next page, rel next.' }), items }),
}

const methodShape = {
  id: z.string().regex(STEP_ID, 'The id of a method begins with a letter and goes on with letters, digits and _').max(100).meta({
    description: 'The id of the method, unique in the document; steps name it.',
  }),
  name: required('What people see; default: the id.', 200).exactOptional(),
  description: text('What it does.').exactOptional(),
}

export const callMethod = z
  .strictObject({
    ...methodShape,
    type: z
      .enum(['read', 'create', 'update', 'delete'])
      .optional()
      .meta({ description: 'What kind of call it is, for people. Default: as the HTTP method says.' }),
    ...callShape,
    parameters: z
      .array(parameter('A value that the step gives: {{parameters.NAME}}.'))
      .max(200)
      .meta({ description: 'What a step gives. One that stands in no merge field goes into the query.' })
      .exactOptional(),
    paging: z
      .discriminatedUnion('type', [pagings.page, pagings.offset, pagings.cursor, pagings.link])
      .meta({ description: 'How a list that comes in pages is read: the body of the step data is the whole list.' })
      .exactOptional(),
    response: z
      .strictObject({ path: required('A path into the body of the answer, such as order.', 500) })
      .meta({ description: "Which part of the answer's body becomes the body of the step data." })
      .exactOptional(),
  })
  .meta({ title: 'method', description: 'A call of the application.' })

export const webhookMethod = z
  .strictObject({
    ...methodShape,
    type: z.literal('webhook').meta({ description: 'Events of the application, for webhook steps.' }),
    subscribe: z
      .strictObject({ ...callShape, id: required(`${PATH} body.id, to the id of the subscription.`, 500).exactOptional() })
      .meta({ description: "For when a cycle is activated; {{webhook.url}} is the step's address." })
      .exactOptional(),
    unsubscribe: call('For when the subscription is no longer wanted; {{subscription.id}} is its id.').exactOptional(),
  })
  .meta({ title: 'webhook method', description: 'Events that the application sends.' })

export const connectorSchema = z
  .strictObject({
    name: required('The name of the connector, unique; method steps name it.', 200),
    version: required('Its version, as text.', 50),
    description: text('What it is for.').exactOptional(),
    icon: z
      .string()
      .max(2_000)
      .refine(value => /^https?:\/\//i.test(value) && URL.canParse(value), 'Must be an address that begins with http:// or https://')
      .meta({ description: 'The address of its icon.' })
      .exactOptional(),
    baseUrl: dynamicUrl('The address that every path stands behind. May hold merge fields settings.NAME.').refine(
      value => !/[?#]/.test(value),
      'Must be without ? and #',
    ),
    settings: z
      .array(parameter('A value that each account gives: {{settings.NAME}}. No secret: it is shown.'))
      .max(100)
      .meta({ description: 'What is asked for when the connector is authenticated.' })
      .exactOptional(),
    authentication: z
      .discriminatedUnion('type', [authentications.none, authentications.apiKey, authentications.basic, authentications.bearer, authentications.oauth2])
      .meta({ description: 'How calls authenticate themselves.' }),
    test: call('Called after authentication: an answer that is not 2xx refuses it.').exactOptional(),
    rateLimit: z
      .strictObject({
        requests: z.int().min(1).max(10_000).meta({ description: 'At most so many calls.' }),
        per: duration('In any span of this length.', { min: 1, max: 86_400_000, told: '1ms to 1d' }),
      })
      .meta({ description: 'How fast an account connector is called; more calls wait their turn.' })
      .exactOptional(),
    externalIds: required('Of the partner webhook: a path into the request to the external id or a list of ids, such as body.shop.id.', 500).exactOptional(),
    script: text('JavaScript with before_webhook, run for each request to the partner webhook.', 262_144).exactOptional(),
    methods: z
      .array(z.discriminatedUnion('type', [callMethod, webhookMethod]))
      .min(1)
      .max(500)
      .meta({ description: 'The methods, 1 to 500.' }),
  })
  .meta({ title: 'Flywheel connector', description: "A connector: an adapter to one application's HTTP API." })
