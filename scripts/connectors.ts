/** Writes `docs/connectors.md` from the schema of connector documents and the examples; with `--check` it only says whether the committed page is that. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { callMethod, connectorSchema, webhookMethod } from '../domain/schema/connector.ts'
import { generate } from './generated.ts'
import { propertiesIn, type Property } from './steps/properties.ts'

const ROOT = resolve(import.meta.dirname, '..')

/** Those of `examples/connectors/`, the simplest first. */
const EXAMPLES = [
  ['exchange-rates', 'No authentication: no account connector is needed'],
  ['help-desk', 'A key in a header, pages and a rate limit'],
  ['example-shop', 'OAuth 2.0, settings, and webhooks of the application'],
] as const

const INTRODUCTION = `# Connectors

A connector is a partner's adapter to one application, as a document in YAML or JSON; a method is one call of it; an account connector is
the connector as one account authenticated it. This page is generated from the schema that documents are checked with
(\`/schemas/connector.json\`) and from [examples/connectors/](../examples/connectors/): \`npm run connectors\`. OAuth 2.0 has
[a page of its own](oauth.md).

1. The partner makes the connector: \`POST /v1.0/connectors\` with \`{ Definition }\`, or the document as \`application/yaml\`. A document never
   holds a secret: client id and secret of OAuth are \`OAuthClientId\` and \`OAuthClientSecret\` beside it, sealed.
2. Each account authenticates it: \`POST /v1.0/account/connectors\` with \`{ ConnectorId, Settings, AuthValue }\` (key or token), or
   \`Username\` and \`Password\`. Then \`test\` is called: where the answer is not 2xx, the call is answered 422, _Failed to authenticate the
   connector_, with the application's answer, and nothing is stored. Credentials are sealed and never shown again.
3. Steps of type [\`method\`](steps.md#method) call it. A connector that is not authenticated in the account is a prerequisite of the cycle.

Users of an account authenticate a connector on our pages too, in the marketplace and in LAUNCH: before something is installed they are asked,
one after the other, for each connector that it needs and the account has not authenticated. The page has the connector's name, icon and
description, a field for each of its \`settings\` (with \`label\` and \`description\`), and

| \`authentication\` | what is asked |
| --- | --- |
| \`none\` | nothing; where there are required settings, those |
| \`apiKey\`, \`bearer\` | the key or token |
| \`basic\` | user name and password (which may be empty) |
| \`oauth2\`, \`clientCredentials\` | nothing but settings: client id and secret are the partner's |
| \`oauth2\`, \`authorizationCode\` | settings, then [the application's own page](oauth.md#on-our-pages) |

What the application does not take is told with its answer, the settings stay as they were typed, and nothing is stored. A connector that lost
its access is connected again. What \`ConnectorAuthentications\` of the deploy call has authenticated is not asked for.

An account may have several account connectors of one connector, told apart by their names. Then users choose one, or connect another; an
installation over the API says which in \`AccountConnectors\`, and a cycle in:
\`PUT /v1.0/cycles/{id}\` with \`AccountConnectorId\`.
`

const RULES = `## How calls are made

- Merge fields are \`settings.NAME\` and, in a method, \`parameters.NAME\`. In a path they are percent-encoded; an empty one, and one that
  leads out of its path (\`..\`), is an error. An optional one that is missing leaves its query parameter, header or field out. A parameter that
  stands in no merge field goes into the query under its name.
- \`fields\` of the step are the body; where the method has a body that is an object, they are laid over it.
- Credentials are put in last, and are sent to the origin of the \`baseUrl\` alone: no script, no link to a next page and no redirect
  leads them elsewhere. A setting cannot lead to another host than the one that it is a part of; one that begins the \`baseUrl\` may be a
  whole address.
- A list that comes in pages is read to its end: an empty page, one shorter than the size, or one without a next. At most 10,000 elements
  are taken (\`MAX_PAGED\`); a warning says that there were more. Each page has an \`Idempotency-Key\` of its own.
- The rate limit holds for each account connector, over all workers, in any span of its length. It delays calls and fails none; what waits
  longer than 10 s does not keep a place of a worker. \`test\` takes no turn.
- A change of the document counts for every call from then on, of transactions in progress too.

## Subscriptions

Where the method of a \`webhook\` step has \`subscribe\`, starting the cycle calls it, with the step's URL as \`{{webhook.url}}\`, and keeps the id
that the answer has at \`id\`.

- An application that refuses, or does not answer three times, leaves the cycle as it was: 422 \`subscription_failed\` with its answer, or a
  message in \`Errors\` of a package's operation. Where Temporal does not answer it is 503; cycles that have nobody to ask start without it.
- Every try has the same \`Idempotency-Key\`, also in later starts, until the application has answered: one that knows such keys never has two.
  One that ignores them can have two after a crash, whose events then come twice; an \`unsubscribe\` by \`{{webhook.url}}\` ends both.
- A stop and a start within 24 h leave the subscription as it is. One whose connector, method, account connector, its settings or external id, or
  whose request is another now is unsubscribed and made anew. New credentials change nothing.
- \`unsubscribe\` is called when the cycle has stood still for 24 h (\`STOPPED_QUEUE_TTL\`), or it, its account connector or its account is
  deleted: again and again for 7 days, until the answer is 2xx, 404 or 410. Credentials that were deleted are kept for that alone. What
  could not be ended is an incident of the cycle.
- Subscriptions are in the export.
`

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const table = (properties: readonly Property[]): string =>
  [
    '| property | required | values | meaning |',
    '| --- | --- | --- | --- |',
    ...properties.map(({ name, required, values, meaning }) => `| ${[`\`${name}\``, required ? 'yes' : '', values, meaning].map(cell).join(' | ')} |`),
  ].join('\n')

const page = (): string =>
  `${[
    INTRODUCTION.trim(),
    '## The document',
    table(propertiesIn(connectorSchema).filter(({ name }) => !name.startsWith('methods.'))),
    '## Methods',
    table(propertiesIn(callMethod)),
    '### Of type webhook',
    'Events of the application, for webhook steps.',
    table(propertiesIn(webhookMethod)),
    RULES.trim(),
    '## Examples',
    ...EXAMPLES.flatMap(([name, title]) => [
      `### ${title}`,
      `\`\`\`yaml\n${readFileSync(resolve(ROOT, `examples/connectors/${name}.yaml`), 'utf8').trimEnd()}\n\`\`\``,
    ]),
  ].join('\n\n')}\n`

await generate([{ path: 'docs/connectors.md', make: page }], 'npm run connectors')
