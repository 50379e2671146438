/** Calls with a script around them, as the tests of request scripts make them. */
import { randomUUID } from 'node:crypto'
import { ApplicationFailure } from '@temporalio/common'
import { afterAll, beforeAll, expect } from 'vitest'
import { callHttp } from '../../activities/call-http.ts'
import type { HttpCall, HttpResult, OutgoingCall } from '../../activities/contract.ts'
import type { HttpAnswer } from '../../activities/http/index.ts'
import type { CycleDocument } from '../../domain/document.ts'
import { asAccountId, asCycleId, asTransactionId } from '../../domain/ids.ts'
import type { Json } from '../../domain/json.ts'
import { secretReference } from '../../domain/secrets.ts'
import { createScripting } from '../../scripting/index.ts'

const scripting = createScripting({ timeoutMs: 2_000, memoryBytes: 64 * 1024 * 1024, threads: 1 })
/** Of a test file: the sandbox is warm before its tests, and closed after them. */
export function useScripting(): void {
  beforeAll(() => scripting.check('1', 'script'))
  afterAll(() => scripting.close())
}

export const place = { account: asAccountId(randomUUID()), cycle: asCycleId(randomUUID()) }
export const transaction = asTransactionId(randomUUID())
export const SECRET = 's3cr3t/+'
export const KEY = secretReference('key')

interface Setup {
  readonly source: string
  readonly call?: Partial<HttpCall>
  readonly answer?: Partial<HttpAnswer>
  readonly settings?: CycleDocument['settings']
}

/** One call with a script, in the real sandbox; what is sent is kept, and answered as the test says. */
export async function made({
  source,
  call = {},
  answer = {},
  settings,
}: Setup): Promise<{ sent: OutgoingCall[]; result?: HttpResult; failure?: ApplicationFailure }> {
  const sent: OutgoingCall[] = []
  const document: CycleDocument = {
    name: 'Test',
    steps: [],
    variables: [{ name: 'key', secret: true, value: `sealed:${SECRET}` }],
    ...(settings === undefined ? {} : { settings }),
  }
  const account = { id: place.account, apiId: 'acme', name: 'A', description: '', timezone: 'UTC', createdAt: 0, userId: '' }
  const deps: Parameters<typeof callHttp>[0] = {
    scripting,
    cycles: { get: async () => ({ place, version: 1, createdAt: 0, updatedAt: 0, document, identifiers: {}, hash: '', account }) },
    sealer: { open: sealed => sealed.slice('sealed:'.length), isSealed: text => text.startsWith('sealed:') },
    guard: { look: async () => 'there' },
    runtime: () => ({ heartbeat: () => undefined, signal: new AbortController().signal, runId: 'run', attempt: 1 }),
    http: {
      async call(filled) {
        sent.push(filled)
        return { status: 200, headers: {}, body: null, reason: '', ...answer }
      },
    },
  }
  const asked: HttpCall = {
    place,
    transaction,
    stepId: 'call',
    idempotencyKey: 'key',
    method: 'POST',
    url: 'http://shop.test/orders',
    timeoutMs: 1_000,
    script: { source, variables: { region: 'eu' }, account: { id: place.account, apiId: 'acme' } },
    ...call,
  }
  try {
    return { sent, result: await callHttp(deps, asked) }
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error
    expect(error.nonRetryable).toBe(true)
    return { sent, failure: error }
  }
}
export const failed = async (setup: Setup): Promise<[type: string | null | undefined, message: string | undefined, sent: number]> => {
  const { failure, sent } = await made(setup)
  return [failure?.type, failure?.message, sent.length]
}
export const before = (body: string): string => `function before_action() { ${body} }`
export const after = (body: string): string => `function after_action() { ${body} }`
export const afterError = (body: string): string => `function after_error() { ${body} }`
/** What the script's function sees, as the body of the answer. */
export async function seen(names: string, setup: Omit<Setup, 'source'> = {}): Promise<Json | undefined> {
  return (await made({ source: after(`method_response = { ${names} }`), ...setup })).result?.body
}
