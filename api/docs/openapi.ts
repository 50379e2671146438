/** The OpenAPI 3.1 document, from the table of routes. */
import { apiErrors, type ApiErrorCode } from '../../domain/errors.ts'
import type { Json, JsonObject } from '../../domain/json.ts'
import { noBody, type Route } from '../route.ts'
import * as schemas from '../schemas.ts'
import { plainSchema, wireSchema } from '../wire.ts'

const nameOf = (schema: object): string | undefined => [...schemas.named].find(([known]) => known === schema)?.[1]

/** Errors that every call of a level can give. */
const COMMON = {
  public: [],
  partner: ['token_invalid', 'token_restricted', 'internal_error', 'service_unavailable'],
  account: ['token_invalid', 'account_missing', 'internal_error', 'service_unavailable'],
} as const satisfies Record<Route['level'], readonly ApiErrorCode[]>

export function openApi(routes: readonly Route[]): JsonObject {
  const paths: { [path: string]: JsonObject } = {}
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Flywheel management API',
      version: '1.0',
      description:
        'Accounts, cycles and their transactions. Property names are PascalCase and read without regard to case. Errors are ' +
        '`{ Message, Code, Errors? }`; a 5xx carries an Id that the log has. Lists are bare arrays.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(route => route.tag))].map(name => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries([...schemas.named].map(([schema, name]): [string, Json] => [name, wireSchema(schema, 'output', nameOf)])),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'From POST /oauth/token.' },
        client: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: '/oauth/token', scopes: {} } } },
      },
    },
  }
}

function operation(route: Route): JsonObject {
  const { method, path, tag, summary, description, level } = route
  const name = path.replace('/v1.0', '').replaceAll(/[{}]/g, '').split(/[/.]/).filter(Boolean).join('_')
  return {
    operationId: `${method.toLowerCase()}_${name}`,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(level === 'public' ? {} : { security: [{ token: [] }, { client: [] }] }),
    parameters: parameters(route),
    ...(route.body === noBody ? {} : { requestBody: requestBody(route) }),
    responses: responses(route),
  }
}

function parameters(route: Route): Json[] {
  const list: Json[] = Object.entries(route.params ?? {}).map(([name, description]) => ({
    name,
    in: 'path',
    required: true,
    description,
    schema: { type: 'string' },
  }))
  for (const [name, schema] of Object.entries(route.query.shape)) {
    const { description, ...rest } = plainSchema(schema, 'output')
    const required = !schema.safeParse(undefined).success
    list.push({ name, in: 'query', required, ...(description === undefined ? {} : { description }), schema: rest })
  }
  if (route.level === 'account') {
    list.push({
      name: 'X-Cyclr-Account',
      in: 'header',
      required: false,
      description: 'API id or GUID of the account (alias X-Account). Not needed where the token is restricted to one account.',
      schema: { type: 'string' },
    })
  }
  if (route.level !== 'public' && route.method === 'POST') {
    list.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description: 'A repeat within 24 h gets the first answer, with Idempotent-Replayed: true.',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
    })
  }
  return list
}

function requestBody(route: Route): JsonObject {
  const schema = route.bodyKind === 'fields' ? plainSchema(route.body, 'input') : wireSchema(route.body, 'input', nameOf)
  const type = route.bodyKind === 'fields' ? 'application/x-www-form-urlencoded' : 'application/json'
  const yaml = { 'application/yaml': { schema: { type: 'string', description: 'The document itself.' } } }
  return { required: route.bodyKind !== 'optional', content: { [type]: { schema }, ...(route.bodyKind === 'document' ? yaml : {}) } }
}

function responses(route: Route): JsonObject {
  const answers: JsonObject = {}
  for (const [status, spec] of Object.entries(route.answers)) {
    const named = spec.schema === undefined ? undefined : nameOf(spec.schema)
    const schema = (): JsonObject => {
      if (spec.schema === undefined) return {}
      if (named !== undefined) return { $ref: `#/components/schemas/${named}` }
      return spec.plain === true ? plainSchema(spec.schema, 'output') : wireSchema(spec.schema, 'output', nameOf)
    }
    const headers = Object.entries(spec.headers ?? {}).map(([name, text]): [string, Json] => [name, { description: text, schema: { type: 'string' } }])
    answers[status] = {
      description: spec.description,
      ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
      ...(spec.schema === undefined && spec.type === undefined ? {} : { content: { [spec.type ?? 'application/json']: { schema: schema() } } }),
    }
  }
  for (const [status, codes] of errorsOf(route)) {
    answers[status] ??= {
      description: codes.join(', '),
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    }
  }
  return answers
}

/** Codes by status, in order of status. */
function errorsOf(route: Route): [string, ApiErrorCode[]][] {
  const codes = new Set<ApiErrorCode>([...COMMON[route.level], ...(route.errors ?? [])])
  const reads = route.body !== noBody || Object.keys(route.query.shape).length > 0
  if (reads && route.level !== 'public') codes.add('request_invalid')
  if (route.body !== noBody && route.level !== 'public') codes.add('body_too_large')
  if (route.method === 'POST' && route.level !== 'public') codes.add('request_in_progress').add('request_invalid')
  const byStatus = new Map<string, ApiErrorCode[]>()
  for (const code of codes) byStatus.set(String(apiErrors[code]), [...(byStatus.get(String(apiErrors[code])) ?? []), code])
  return [...byStatus].sort(([one], [other]) => Number(one) - Number(other))
}
