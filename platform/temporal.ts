/** Connection to Temporal, its namespace and search attributes (operations.md 2 and 5). */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import type { Config } from './config.ts'
import { isNotFound, isThere } from './grpc.ts'

type TemporalConfig = Pick<Config, 'temporalAddress' | 'temporalApiKey' | 'temporalTlsCert' | 'temporalTlsKey' | 'temporalTlsCa'>

export interface TemporalOptions {
  address: string
  apiKey?: string
  tls?: true | { serverRootCACertificate?: Buffer; clientCertPair?: { crt: Buffer; key: Buffer } }
}

/** Options for `Connection.connect` and `NativeConnection.connect` alike. */
export function temporalOptions(config: TemporalConfig): TemporalOptions {
  const { temporalTlsCert: cert, temporalTlsKey: key, temporalTlsCa: ca, temporalApiKey: apiKey } = config
  const tls = {
    ...(ca === undefined ? {} : { serverRootCACertificate: Buffer.from(ca) }),
    ...(cert === undefined || key === undefined ? {} : { clientCertPair: { crt: Buffer.from(cert), key: Buffer.from(key) } }),
  }
  const options: TemporalOptions = { address: config.temporalAddress }
  if (apiKey !== undefined) options.apiKey = apiKey
  if (Object.keys(tls).length > 0) options.tls = tls
  else if (apiKey !== undefined) options.tls = true
  return options
}

/** Types of search attributes that are used, by Temporal's number for them. */
const TYPES = { Text: 1, Keyword: 2, Int: 3, Double: 4, Bool: 5, Datetime: 6, KeywordList: 7 } as const
export type SearchAttributes = { readonly [name: string]: keyof typeof TYPES }

const POLL = 100
const DEADLINE = 30_000

/**
 * Makes the namespace (closed runs are kept 31 days) and the search attributes (`SEARCH_ATTRIBUTES` of `workflows/messages.ts`) where they
 * are missing, and waits until the server knows them. May run in many processes at once, and again. Throws where an attribute is there
 * with another type: the server would silently keep the old one.
 */
export async function ensureNamespace(connection: Connection, config: Pick<Config, 'temporalNamespace'>, attributes: SearchAttributes): Promise<void> {
  const namespace = config.temporalNamespace
  const until = Date.now() + DEADLINE
  if (!(await namespaceExists(connection, namespace))) {
    await unless(isThere, () => connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('31 days') }))
  }
  for (;;) {
    const missing = await missingAttributes(connection, namespace, attributes)
    if (missing !== undefined && Object.keys(missing).length === 0) return
    if (Date.now() > until) throw new Error(`Temporal did not get the namespace ${namespace} with its search attributes ready within ${DEADLINE / 1000} s`)
    // The namespace is known everywhere in the server only some moments after it was made.
    if (missing !== undefined) {
      await unless(isThere, () => unless(isNotFound, () => connection.operatorService.addSearchAttributes({ namespace, searchAttributes: numbered(missing) })))
    }
    await sleep(POLL)
  }
}

const numbered = (attributes: SearchAttributes): { [name: string]: number } =>
  Object.fromEntries(Object.entries(attributes).map(([name, type]) => [name, TYPES[type]]))

async function namespaceExists(connection: Connection, namespace: string): Promise<boolean> {
  return (await unless(isNotFound, () => connection.workflowService.describeNamespace({ namespace }))) !== undefined
}

/** Those of the attributes that the namespace lacks; `undefined` while the server does not know the namespace. */
async function missingAttributes(connection: Connection, namespace: string, wanted: SearchAttributes): Promise<SearchAttributes | undefined> {
  const found = await unless(isNotFound, () => connection.operatorService.listSearchAttributes({ namespace }))
  if (found === undefined) return undefined
  const custom = found.customAttributes ?? {}
  const wrong = Object.entries(wanted).filter(([name, type]) => custom[name] !== undefined && custom[name] !== TYPES[type])
  if (wrong.length > 0) {
    const list = wrong.map(([name, type]) => `${name} (expected ${type})`).join(', ')
    throw new Error(
      `Temporal's namespace ${namespace} has search attributes of another type: ${list}. Use another namespace (TEMPORAL_NAMESPACE) or remove them.`,
    )
  }
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => custom[name] === undefined))
}

/** The result of a call, or `undefined` where it failed in this way. */
async function unless<T>(expected: (error: unknown) => boolean, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    if (expected(error)) return undefined
    throw error
  }
}
