/** The management API as the commands use it: a token, the account, answers in the form that was expected, pages. */
import { z } from 'zod'
import type { Connection } from './connection/settings.ts'
import { CliError, type Exit } from './exit.ts'
import { send, type Reply, type Sent } from './http.ts'

export interface CallOptions {
  readonly query?: { readonly [name: string]: string | undefined }
  readonly json?: unknown
  /** JSON as it is sent. */
  readonly text?: string
  readonly yaml?: string
  readonly timeoutMs?: number
}

/** An answer in the form that was expected, and as it came, for `--json`. */
export interface Answer<T> {
  readonly value: T
  readonly raw: unknown
  readonly headers: Headers
}

export interface Api {
  readonly url: string
  /** Throws `CliError` where the answer is an error, or nothing that was expected. */
  call<T>(method: string, path: string, schema: z.ZodType<T>, options?: CallOptions): Promise<Answer<T>>
  /** All of a list that has pages. */
  all<T>(path: string, item: z.ZodType<T>, query?: CallOptions['query']): Promise<readonly Answer<T>[]>
  /** The first so many of a list that goes on behind the last id. */
  first<T extends { readonly Id: string }>(path: string, item: z.ZodType<T>, limit: number, query?: CallOptions['query']): Promise<readonly Answer<T>[]>
}

const PAGE = 100
/** Largest page that the API gives. */
const PAGE_MAX = 500

/** `account`: API id or GUID, of calls for one account. */
export function createApi(connection: Connection, account?: string): Api {
  let token: Promise<string> | undefined

  async function request(method: string, path: string, { query = {}, json, text, yaml, timeoutMs }: CallOptions): Promise<Reply> {
    const search = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, value)
    const body = yaml ?? text ?? (json === undefined ? undefined : JSON.stringify(json))
    const once = async (): Promise<Reply> => {
      token ??= tokenFrom(connection)
      const sent: Sent = {
        method,
        headers: {
          authorization: `Bearer ${await token}`,
          ...(account === undefined ? {} : { 'x-cyclr-account': encodeHeader(account) }),
          ...(body === undefined ? {} : { 'content-type': yaml === undefined ? 'application/json' : 'application/yaml' }),
        },
        ...(body === undefined ? {} : { body }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      }
      return send(connection.url, `/v1.0${path}${search.size === 0 ? '' : `?${search.toString()}`}`, sent)
    }
    const reply = await once()
    if (reply.status !== 401 || codeOf(reply) !== 'token_invalid') return reply
    token = undefined
    return once()
  }

  async function call<T>(method: string, path: string, schema: z.ZodType<T>, options: CallOptions = {}): Promise<Answer<T>> {
    const reply = await request(method, path, options)
    if (reply.status >= 300) throw refusal(connection.url, reply, account)
    const read = schema.safeParse(reply.json)
    if (!read.success) throw notFlywheel(connection.url, reply)
    return { value: read.data, raw: reply.json, headers: reply.headers }
  }

  /** The elements of one page, each with what it was. */
  async function page<T>(path: string, item: z.ZodType<T>, query: CallOptions['query']): Promise<{ items: readonly Answer<T>[]; headers: Headers }> {
    const { value, raw, headers } = await call('GET', path, z.array(item), { query: query ?? {} })
    const rows = z.array(z.unknown()).parse(raw)
    return { items: value.map((one, at) => ({ value: one, raw: rows[at], headers })), headers }
  }

  return {
    url: connection.url,
    call,
    async all(path, item, query) {
      const found = []
      for (let at = 1, pages = 1; at <= pages; at++) {
        const { items, headers } = await page(path, item, { ...query, page: String(at), pageSize: String(PAGE) })
        found.push(...items)
        pages = Number(headers.get('total-pages') ?? 1)
      }
      return found
    },
    async first(path, item, limit, query) {
      const found: Answer<z.infer<typeof item>>[] = []
      while (found.length < limit) {
        const size = Math.min(PAGE_MAX, limit - found.length)
        const last = found.at(-1)?.value.Id
        const { items } = await page(path, item, { ...query, pageSize: String(size), after: last })
        found.push(...items)
        if (items.length < size) break
      }
      return found
    },
  }
}

const tokenAnswer = z.object({ access_token: z.string() })

async function tokenFrom({ url, clientId, clientSecret }: Connection): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret })
  const reply = await send(url, '/oauth/token', { method: 'POST', body: form })
  const answer = tokenAnswer.safeParse(reply.json)
  if (reply.status === 200 && answer.success) return answer.data.access_token
  if (reply.status === 401) throw new CliError('denied', `The credentials are wrong: ${url} does not know the client "${clientId}" with this secret.`)
  throw refusal(url, reply)
}

const errorAnswer = z.object({
  Message: z.string(),
  Code: z.string(),
  Errors: z.array(z.object({ Path: z.string(), Message: z.string() })).optional(),
  Id: z.string().optional(),
})

const codeOf = (reply: Reply): string | undefined => errorAnswer.safeParse(reply.json).data?.Code

/** An answer that says no, as the error that ends the command. */
function refusal(url: string, reply: Reply, account?: string): CliError {
  const answer = errorAnswer.safeParse(reply.json)
  if (!answer.success)
    return reply.status >= 500 ? new CliError('failed', `${url} answers ${reply.status}: it, or what stands before it, is not ready.`) : notFlywheel(url, reply)
  const { Message, ...facts } = answer.data
  const id = facts.Id === undefined ? '' : ` The server's log tells more under ${facts.Id}.`
  const message = facts.Code === 'account_missing' && account !== undefined ? `There is no account "${account}" at ${url}.` : `${Message}${id}`
  const known = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
  return new CliError(exitOf(reply.status, facts.Code), message, { Status: reply.status, ...known })
}

function exitOf(status: number, code: string): Exit {
  if (status >= 500) return 'failed'
  if (code === 'document_invalid' || code === 'document_too_large') return 'invalid'
  return status === 401 || status === 403 ? 'denied' : 'refused'
}

const notFlywheel = (url: string, reply: Reply): CliError =>
  new CliError(
    'unreachable',
    `What answers at ${url} is not Flywheel, or of another version: ${reply.status} ${reply.headers.get('content-type') ?? ''}`.trimEnd() + '.',
  )

/** A header holds ASCII only; the server knows no account that has more in its name. */
function encodeHeader(text: string): string {
  if (/^[ -~]+$/.test(text)) return text
  throw new CliError('denied', `There is no account "${text}".`)
}
