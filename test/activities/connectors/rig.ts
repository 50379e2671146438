import { callMethod, type CallMethodDeps } from '../../../activities/connectors/call-method.ts'
import type { MethodCall, MethodResult, OutgoingCall } from '../../../activities/contract.ts'
import type { ConnectorCredentials, ConnectorDocument } from '../../../domain/connector.ts'
import type { CycleDocument } from '../../../domain/document.ts'
import { asAccountId, asCycleId, asIdentifier, asTransactionId } from '../../../domain/ids.ts'
import type { Json } from '../../../domain/json.ts'
import type { AccountConnector } from '../../../storage/account-connector.ts'
import type { Records, Versioned } from '../../../storage/records.ts'
import type { RateLimits } from '../../../storage/rate-limits.ts'

const place = { account: asAccountId('00000000-0000-4000-8000-00000000000a'), cycle: asCycleId('00000000-0000-4000-8000-00000000000c') }
const account = { id: place.account, apiId: 'acme', name: 'A', description: '', timezone: 'UTC', createdAt: 0, userId: '' }

export interface Answer {
  readonly status?: number
  readonly headers?: { readonly [name: string]: string }
  readonly body?: Json
}

export interface Setup {
  readonly connector?: Partial<ConnectorDocument>
  readonly credentials?: ConnectorCredentials
  /** What the account has; default one with the credentials. */
  readonly held?: readonly Partial<AccountConnector>[]
  /** Name of the account connector that the cycle says. */
  readonly chosen?: string
  readonly answer?: (call: OutgoingCall, number: number) => Answer
  readonly token?: CallMethodDeps['tokens']['token']
  readonly take?: RateLimits['take']
  readonly document?: Partial<CycleDocument>
  readonly maxPaged?: number
  readonly oldKey?: boolean
}

/** One call of a method; what is sent is kept, and answered as the test says. */
export async function called(setup: Setup, call: Partial<MethodCall> = {}) {
  const sent: OutgoingCall[] = []
  const resealed: AccountConnector[] = []
  const definition: ConnectorDocument = {
    name: 'Shop',
    version: '1',
    baseUrl: 'https://shop.example/api',
    authentication: { type: 'bearer' },
    methods: [{ id: 'get', method: 'GET', path: '/orders/{{parameters.id}}', parameters: [{ name: 'id' }] }],
    ...setup.connector,
  }
  const connector = { id: 'c', version: 1, createdAt: 0, value: { name: 'Shop', version: '1', definition, partnerWebhook: asIdentifier('x') } }
  const credentials = `sealed:${JSON.stringify(setup.credentials ?? { authValue: 't0k3n' })}`
  const held = (setup.held ?? [{}]).map((one, at): Versioned<AccountConnector> => ({
    id: `a${at}`,
    version: 1,
    createdAt: 0,
    value: { connectorId: 'c', name: `Shop ${at}`, settings: {}, status: 'Authenticated', credentials, ...one },
  }))
  const chosen = held.find(({ value }) => value.name === setup.chosen)?.id
  const none = (): never => {
    throw new Error('not asked for here')
  }
  const records = <T>(all: readonly Versioned<T>[], nameOf: (value: T) => string): Records<T> => ({
    create: none,
    get: async id => all.find(one => one.id === id),
    getMany: none,
    byName: async name => all.find(one => nameOf(one.value) === name),
    replace: none,
    remove: none,
    list: async () => ({ items: all, total: all.length }),
  })
  const deps: CallMethodDeps = {
    scripting: { call: async () => ({ result: undefined, globals: {} }), defines: async () => new Set() },
    cycles: {
      get: async () => ({
        place,
        version: 1,
        createdAt: 0,
        updatedAt: 0,
        document: { name: 'Test', steps: [], ...setup.document },
        identifiers: {},
        hash: '',
        account,
        ...(chosen === undefined ? {} : { accountConnectors: { Shop: chosen } }),
      }),
    },
    sealer: {
      seal: plain => `sealed:${plain}`,
      open: sealed => sealed.slice('sealed:'.length),
      isSealed: text => text.startsWith('sealed:'),
      isCurrent: () => setup.oldKey !== true,
    },
    guard: { look: async () => 'there' },
    runtime: () => ({ heartbeat: () => undefined, signal: new AbortController().signal, runId: 'run', attempt: 1 }),
    http: {
      async call(request) {
        sent.push(request)
        return { status: 200, headers: {}, body: null, reason: '', ...setup.answer?.(request, sent.length) }
      },
    },
    registry: {
      connectors: { ...records([connector], ({ name }) => name), listOf: none, nextId: none },
      accountConnectors: {
        of: () => ({
          ...records(held, ({ name }) => name),
          replace: async (_id, value) => {
            resealed.push(value)
            return 'done'
          },
        }),
        anywhere: async () => true,
        holders: none,
      },
    },
    tokens: { token: setup.token ?? none },
    rateLimits: { take: setup.take ?? (async () => 0) },
    maxPaged: setup.maxPaged ?? 10_000,
  }
  const asked: MethodCall = {
    place,
    transaction: asTransactionId('00000000-0000-4000-8000-000000000001'),
    stepId: 'ask',
    idempotencyKey: 'key',
    connector: 'Shop',
    method: 'get',
    parameters: { id: 7 },
    timeoutMs: 1_000,
    ...call,
  }
  const came = await callMethod(deps, asked).then(
    (result: MethodResult) => ({ result }),
    (error: unknown) => ({ error }),
  )
  return { sent, resealed, result: undefined, error: undefined, ...came }
}
