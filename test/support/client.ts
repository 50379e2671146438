import { randomUUID } from 'node:crypto'
import { Agent, request } from 'undici'
import { until } from './until.ts'

/** An answer to a webhook, bodies as text. */
export interface WebhookReply {
  readonly status: number
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly body: string
  /** `Flywheel-Transaction-Id`. */
  readonly transaction: string | undefined
  /** `Idempotent-Replayed`. */
  readonly replayed: boolean
}

export interface PostOptions {
  readonly method?: string
  readonly key?: string
  readonly headers?: { readonly [name: string]: string }
  /** Behind the identifier, as `?a=1`. */
  readonly query?: string
  readonly signal?: AbortSignal
  /** Default 90 s. */
  readonly timeoutMs?: number
}

export interface CycleView {
  readonly Id: string
  readonly Status: string
  readonly Webhooks: readonly { readonly StepId: string; readonly StepName: string; readonly Url: string }[]
  readonly InProgressTransactionCount: number
  readonly ErrorCount: number
  readonly WarningCount: number
}

export interface TransactionView {
  readonly Id: string
  readonly Status: string
  readonly Steps?: readonly { readonly StepId: string; readonly Status: string; readonly Data?: unknown }[]
  readonly Incidents?: readonly IncidentView[]
}

export interface IncidentView {
  readonly Timestamp: string
  readonly StepId: string | null
  readonly TransactionId: string | null
  readonly Message: string
  readonly Detail: string
  readonly IncidentLevel: string
  readonly NotificationId: string | null
}

export interface NotificationView {
  readonly Id: string
  readonly Status: string
  readonly Url: string
  readonly Tries: readonly { readonly Status: number | null; readonly Duration: number; readonly Answer: string | null; readonly Error: string | null }[]
}

/** Speaks to one API process over HTTP, as a partner and as a sender would. */
export interface TestClient {
  /** A call to the management API; throws unless the status is 2xx. */
  call<T>(method: string, path: string, options?: { readonly body?: unknown; readonly yaml?: string; readonly account?: string }): Promise<T>
  /** The next call gets a new token. */
  forgetToken(): void
  /** A new account; answers its API id. */
  account(): Promise<string>
  /** Makes a cycle from its document (YAML, or an object as JSON), in an account of its own unless one is named. */
  cycle(document: string | object, options?: { readonly account?: string; readonly activate?: boolean }): Promise<TestCycle>
  post(url: string, body?: unknown, options?: PostOptions): Promise<WebhookReply>
  close(): Promise<void>
}

export interface TestCycle {
  readonly id: string
  readonly account: string
  /** URL of a webhook step; without a name, of the trigger. */
  url(step?: string): string
  post(body?: unknown, options?: PostOptions & { readonly step?: string }): Promise<WebhookReply>
  view(): Promise<CycleView>
  activate(): Promise<CycleView>
  deactivate(finish?: boolean): Promise<CycleView>
  edit(document: string | object): Promise<CycleView>
  remove(): Promise<void>
  transactions(query?: string): Promise<readonly TransactionView[]>
  transaction(id: string): Promise<TransactionView>
  incidents(): Promise<readonly IncidentView[]>
  /** Waits until a transaction has one of the statuses. */
  settled(id: string, statuses: readonly string[], timeoutMs?: number): Promise<TransactionView>
}

export interface ClientOptions {
  /** `http://host:port`, looked up for each request: a restarted process may have another. */
  readonly base: () => string
  readonly clientId: string
  readonly clientSecret: string
}

export function createTestClient(options: ClientOptions): TestClient {
  const agent = new Agent({ connections: 4_000, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  let token: Promise<string> | undefined

  async function authorise(): Promise<string> {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: options.clientId, client_secret: options.clientSecret })
    const answer = await request(`${options.base()}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      dispatcher: agent,
    })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) throw new Error(`POST /oauth/token: ${answer.statusCode} ${text}`)
    const parsed: { access_token: string } = JSON.parse(text)
    return parsed.access_token
  }

  const client: TestClient = {
    async call(method, path, { body, yaml, account } = {}) {
      token ??= authorise()
      const headers: { [name: string]: string } = { authorization: `Bearer ${await token}` }
      if (account !== undefined) headers['x-cyclr-account'] = account
      if (yaml !== undefined) headers['content-type'] = 'application/yaml'
      else if (body !== undefined) headers['content-type'] = 'application/json'
      const sent = yaml ?? (body === undefined ? null : JSON.stringify(body))
      const answer = await request(`${options.base()}/v1.0${path}`, { method: methodOf(method), headers, body: sent, dispatcher: agent })
      const text = await answer.body.text()
      if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`)
      return text === '' ? undefined : JSON.parse(text)
    },
    forgetToken() {
      token = undefined
    },
    async account() {
      const id = `test-${randomUUID()}`
      await client.call('POST', '/accounts', { body: { Id: id, Name: id } })
      return id
    },
    async cycle(document, { account, activate = true } = {}) {
      const owner = account ?? (await client.account())
      const made = await client.call<CycleView>('POST', '/cycles', { account: owner, ...definition(document) })
      const cycle = testCycle(client, owner, made)
      if (activate) await cycle.activate()
      return cycle
    },
    async post(url, body, { method = 'POST', key, headers = {}, query = '', signal, timeoutMs = 90_000 } = {}) {
      const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array
      const sent: { [name: string]: string } = raw ? { ...headers } : { 'content-type': 'application/json', ...headers }
      if (key !== undefined) sent['idempotency-key'] = key
      const signals = [AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]
      const answer = await request(at(options.base(), url) + query, {
        method: methodOf(method),
        headers: sent,
        body: body === undefined ? null : raw ? body : JSON.stringify(body),
        signal: AbortSignal.any(signals),
        dispatcher: agent,
      })
      const text = await answer.body.text()
      const transaction = answer.headers['flywheel-transaction-id']
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: text,
        transaction: typeof transaction === 'string' ? transaction : undefined,
        replayed: answer.headers['idempotent-replayed'] === 'true',
      }
    },
    close: () => agent.destroy(),
  }
  return client
}

const definition = (document: string | object): { readonly yaml: string } | { readonly body: unknown } =>
  typeof document === 'string' ? { yaml: document } : { body: { Definition: document } }

/** The same path at the process that answers now. */
const at = (base: string, url: string): string => base + new URL(url).pathname

type Method = NonNullable<NonNullable<Parameters<typeof request>[1]>['method']>
const methodOf = (method: string): Method => method

function testCycle(client: TestClient, account: string, made: CycleView): TestCycle {
  const path = `/cycles/${made.Id}`
  const url = (step?: string): string => {
    const found = step === undefined ? made.Webhooks[0] : made.Webhooks.find(webhook => webhook.StepId === step)
    if (found === undefined) throw new Error(`The cycle has no webhook ${step ?? ''}`)
    return found.Url
  }
  const cycle: TestCycle = {
    id: made.Id,
    account,
    url,
    post: (body, { step, ...rest } = {}) => client.post(url(step), body, rest),
    view: () => client.call('GET', path, { account }),
    activate: () => client.call('PUT', `${path}/activate`, { account }),
    deactivate: finish => client.call('PUT', `${path}/deactivate${finish === true ? '?finishQueuedTransactions=true' : ''}`, { account }),
    edit: document => client.call('PUT', path, { account, ...definition(document) }),
    remove: () => client.call('DELETE', path, { account }),
    transactions: (query = '') => client.call('GET', `${path}/transactions${query}`, { account }),
    transaction: id => client.call('GET', `${path}/transactions/${id}`, { account }),
    incidents: () => client.call('GET', `${path}/incidents`, { account }),
    settled: (id, statuses, timeoutMs = 60_000) =>
      until(
        async () => {
          const found = await cycle.transaction(id)
          return statuses.includes(found.Status) && found
        },
        { timeoutMs, everyMs: 50, what: `transaction ${id} being ${statuses.join(' or ')}` },
      ),
  }
  return cycle
}
