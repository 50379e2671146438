/**
 * Routes as data: method, path, level, schemas, description and handler. The Express router, the OpenAPI document and the test that every route is
 * documented are made from the same table.
 */
import { z } from 'zod'
import { ApiError, type ApiErrorCode } from '../domain/errors.ts'
import type { Account } from '../storage/registry.ts'
import { inWords } from './problems.ts'
import type { Services } from './services.ts'
import { fromWire, problemsOf } from './wire.ts'

/** Who may call: anyone, the partner, or the partner for one account (api.md). */
export type Level = 'public' | 'partner' | 'account'

/** What a request carries before a route has read it. */
export interface RawCall {
  readonly params: { readonly [name: string]: string }
  readonly query: URLSearchParams
  readonly body: RawBody | undefined
  readonly headers: { readonly [name: string]: string | undefined }
  readonly account: Account | undefined
  /** HEAD in place of GET. */
  readonly head: boolean
}

/** A body as read: JSON, a YAML document, or the fields of a form. */
export type RawBody =
  | { readonly form: 'json'; readonly value: unknown }
  | { readonly form: 'yaml'; readonly text: string }
  | { readonly form: 'fields'; readonly fields: URLSearchParams }

/** A document that came as YAML: it stands where the JSON body has its `Definition`. */
export class YamlText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** What a body may be. `document`: `{ Definition }`, or the YAML itself. `optional`: JSON, or nothing, which counts as `{}`. */
export type BodyKind = 'json' | 'document' | 'fields' | 'optional'

export interface Call<Body, Query> {
  readonly params: { readonly [name: string]: string }
  readonly query: Query
  readonly body: Body
  readonly headers: { readonly [name: string]: string | undefined }
  /** HEAD in place of GET: what is asked for must not happen. */
  readonly head: boolean
}
export interface AccountCall<Body, Query> extends Call<Body, Query> {
  readonly account: Account
}

/** `body` is written by the schema of its status; `text` as it is. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly text?: string
  readonly type?: string
  readonly headers?: { readonly [name: string]: string }
}

export interface AnswerSpec {
  readonly description: string
  readonly schema?: z.ZodType
  /** Media type where it is not JSON. */
  readonly type?: string
  /** Names are written as they are in the schema: OAuth's answers are not ours to name. */
  readonly plain?: boolean
  readonly headers?: { readonly [name: string]: string }
}

interface Spec<Body extends z.ZodType, Query extends z.ZodObject> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With `{name}` for parameters. */
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  /** Meaning of each parameter in the path. */
  readonly params?: { readonly [name: string]: string }
  readonly query: Query
  readonly body: Body
  readonly bodyKind?: BodyKind
  /** Largest body, in bytes; else that of all calls. */
  readonly bodyMax?: number
  /** It is answered while the registry is lost too (operations.md 3). */
  readonly withoutRegistry?: true
  readonly answers: { readonly [status: number]: AnswerSpec }
  /** Errors beside those that every call of its level can give. */
  readonly errors?: readonly ApiErrorCode[]
}

export interface Route extends Spec<z.ZodType, z.ZodObject> {
  readonly level: Level
  readonly run: (services: Services, call: RawCall) => Promise<Answer>
}

type Handler<C> = (services: Services, call: C) => Promise<Answer> | Answer

/** Of a route that reads no query, or no body: what is sent there all the same is passed over. */
export const noQuery = z.object({})
export const noBody = z.undefined()

export function publicRoute<B extends z.ZodType, Q extends z.ZodObject>(
  spec: Spec<B, Q> & { readonly handler: Handler<Call<z.output<B>, z.output<Q>>> },
): Route {
  return { ...spec, level: 'public', run: async (services, raw) => spec.handler(services, read(spec, raw)) }
}

export function partnerRoute<B extends z.ZodType, Q extends z.ZodObject>(
  spec: Spec<B, Q> & { readonly handler: Handler<Call<z.output<B>, z.output<Q>>> },
): Route {
  return { ...spec, level: 'partner', run: async (services, raw) => spec.handler(services, read(spec, raw)) }
}

export function accountRoute<B extends z.ZodType, Q extends z.ZodObject>(
  spec: Spec<B, Q> & { readonly handler: Handler<AccountCall<z.output<B>, z.output<Q>>> },
): Route {
  return {
    ...spec,
    level: 'account',
    run: async (services, raw) => {
      if (raw.account === undefined) throw new ApiError('account_missing', 'Name the account in the header X-Cyclr-Account, by its API id or GUID.')
      return spec.handler(services, { ...read(spec, raw), account: raw.account })
    },
  }
}

/** Body and query by their schemas; throws `request_invalid` with everything that is wrong. */
function read<B extends z.ZodType, Q extends z.ZodObject>(spec: Spec<B, Q>, raw: RawCall): Call<z.output<B>, z.output<Q>> {
  const query = spec.query.safeParse(readQuery(spec.query, raw.query), { error: inWords })
  if (!query.success)
    throw new ApiError(
      'request_invalid',
      'The query is not right.',
      problemsOf(query.error, name => name),
    )
  const body = spec.body.safeParse(readBody(spec.body, raw.body), { error: inWords })
  if (!body.success) throw new ApiError('request_invalid', 'The request is not right.', problemsOf(body.error))
  return { params: raw.params, headers: raw.headers, query: query.data, body: body.data, head: raw.head }
}

function readBody(schema: z.ZodType, body: RawBody | undefined): unknown {
  if (body === undefined) return undefined
  if (body.form === 'json') return fromWire(schema, body.value)
  return body.form === 'yaml' ? { definition: new YamlText(body.text) } : Object.fromEntries(body.fields)
}

/** Not what has a default: an empty `pageSize` is no size. */
const optional = (property: unknown): boolean => property instanceof z.ZodOptional

/** Names in a query are read without regard to case; one that stands there twice is refused. `status=` of what may be left out is left out. */
function readQuery(schema: z.ZodObject, query: URLSearchParams): { [name: string]: string } {
  const read: { [name: string]: string } = {}
  for (const name of Object.keys(schema.shape)) {
    const given = [...query].filter(([key]) => key.toLowerCase() === name.toLowerCase())
    if (given.length > 1) throw new ApiError('request_invalid', 'The query is not right.', [{ path: name, message: 'is given more than once' }])
    if (given[0] !== undefined && !(given[0][1] === '' && optional(schema.shape[name]))) read[name] = given[0][1]
  }
  return read
}
