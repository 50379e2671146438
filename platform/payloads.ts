/** Temporal's data converter of all our processes: large payloads lie in a store beside Temporal, which gets references (decision 12). */
import { setTimeout as sleep } from 'node:timers/promises'
import { ApplicationFailure, ExternalStorage, StorageDriverClaim, type DataConverter, type Payload, type StorageDriver } from '@temporalio/common'

export interface PayloadAddress {
  readonly owner: string
  readonly hash: string
}

/** Where large payloads lie, by the id of the workflow that they are of. */
export interface PayloadStore {
  /** Durable when it resolves. */
  put(workflow: string, blobs: readonly Uint8Array[]): Promise<readonly PayloadAddress[]>
  /** Undefined where there is none. */
  get(addresses: readonly PayloadAddress[]): Promise<readonly (Uint8Array | undefined)[]>
}

export interface PayloadOptions {
  /** Payloads of that many bytes and more are stored. */
  readonly thresholdBytes: number
  /** Name in the metadata of payloads that stay in Temporal whatever their size. */
  readonly inline: string
}

/** `type` of the failure where a blob is gone for good. */
export const DATA_LOST = 'dataLost'

/** Time for the store to come back while a task waits (ms): below the time that Temporal gives to workflow tasks and heartbeats. */
const PATIENCE_MS = 3_000
const PAUSE_MS = 100

/** What an activity reads is gone for good: it fails. A workflow's task is tried again, for as long as it takes an operator to see why. */
const lost = ({ owner, hash }: PayloadAddress): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `Large data of ${owner} is missing in Redis (${hash}): it was emptied, or restored from before the data was written`,
    DATA_LOST,
  )

/** Repeats while the store cannot be reached; what it rejects with at last makes Temporal try the task again. */
async function patiently<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
  const until = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (signal?.aborted === true || performance.now() + PAUSE_MS > until) throw error
      await sleep(PAUSE_MS)
    }
  }
}

/** The payload's metadata (its encoding) stands in the reference; only its data is stored, so that equal data is equal. */
const META = 'meta.'

const claimOf = (address: PayloadAddress | undefined, { metadata }: Payload): StorageDriverClaim => {
  if (address === undefined) throw new Error('The store gave fewer addresses than it got blobs')
  const kept = Object.entries(metadata ?? {}).map(([name, value]) => [`${META}${name}`, Buffer.from(value).toString('base64')])
  return new StorageDriverClaim({ owner: address.owner, hash: address.hash, ...Object.fromEntries(kept) })
}

const metadataOf = (claim: StorageDriverClaim): { [name: string]: Uint8Array } =>
  Object.fromEntries(
    Object.entries(claim.claimData).flatMap(([name, value]) => (name.startsWith(META) ? [[name.slice(META.length), Buffer.from(value, 'base64')]] : [])),
  )

function createDriver(store: PayloadStore): StorageDriver {
  return {
    name: 'redis',
    type: 'flywheel.redis',
    async store({ target, abortSignal }, payloads) {
      const workflow = target?.id
      if (workflow === undefined) throw new Error('A large payload belongs to no workflow')
      const blobs = payloads.map(({ data }) => data ?? new Uint8Array())
      const addresses = await patiently(abortSignal, () => store.put(workflow, blobs))
      return payloads.map((payload, at) => claimOf(addresses[at], payload))
    },
    async retrieve({ abortSignal }, claims) {
      const addresses = claims.map(({ claimData }) => ({ owner: claimData['owner'] ?? '', hash: claimData['hash'] ?? '' }))
      const blobs = await patiently(abortSignal, () => store.get(addresses))
      return claims.map((claim, at): Payload => {
        const data = blobs[at]
        if (data === undefined) throw lost(addresses[at] ?? { owner: '', hash: '' })
        return { metadata: metadataOf(claim), data }
      })
    },
  }
}

/** For `Client` and `Worker` alike. */
export function createDataConverter(store: PayloadStore, { thresholdBytes, inline }: PayloadOptions): DataConverter {
  const driver = createDriver(store)
  return {
    externalStorage: new ExternalStorage({
      drivers: [driver],
      driverSelector: (_context, payload) => (payload.metadata?.[inline] === undefined ? driver : null),
      payloadSizeThreshold: thresholdBytes,
    }),
  }
}
